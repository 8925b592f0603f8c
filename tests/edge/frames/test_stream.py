"""Network cameras, from a real RTSP server that is killed, sent to sleep and cut off."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge.device import Device
from edge.frames.live import LiveCamera
from edge.frames.opening import choose
from edge.frames.options import SourceOptions
from edge.frames.recovery import Recovery
from edge.frames.stream import StreamCamera, shown, with_credentials
from edge.loop import Loop
from edge.scored import Scored
from edge.stop import Stop
from litescore.contract import Contract
from litescore.errors import ConfigurationError, UsageError
from litescore.record import Record
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.edge.frames.cameras import QUICK, take, until
from tests.rig.rtsp import Rtsp, age, rtsp, valve

_OPEN_ALONE = """
import sys
from edge.frames.capture import import_cv2
from edge.frames.stream import StreamCamera
from litescore.errors import ConfigurationError, UsageError
import_cv2()
try:
    StreamCamera(sys.argv[1], 10.0)
except ConfigurationError as error:
    print(error)
"""
CONTRACT = Contract(("a", "b"), "rgb", 28, 28)


@pytest.fixture(scope="module")
def jpeg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rtsp]:
    server = rtsp(tmp_path_factory.mktemp("jpeg"))
    with server.running():
        yield server


@pytest.fixture(scope="module")
def h264(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rtsp]:
    server = rtsp(tmp_path_factory.mktemp("h264"), "h264")
    with server.running():
        yield server


def live(url: str, device: Device, recovery: Recovery = QUICK, opening: float = 10.0) -> LiveCamera:
    """The source as `choose` makes it, with less patience."""
    return LiveCamera(
        shown(url), partial(StreamCamera, url, recovery.hung_after, opening), device, recovery
    )


@pytest.mark.parametrize("codec", ["jpeg", "h264"])
@pytest.mark.parametrize("color", ["red", "blue"])
def test_colors(
    codec: str,
    color: str,
    color_scorer: Scorer,
    device: Device,
    request: pytest.FixtureRequest,
) -> None:
    """A red stream is red to the model, a blue one blue."""
    server: Rtsp = request.getfixturevalue(codec)
    records: list[Record] = []

    class Kept:
        def see(self, scored: Scored) -> None:
            records.append(scored.record)

    source = choose(SourceOptions(server.url(color)), CONTRACT, device, Settings())
    Loop(color_scorer, device, watchers=[Kept()]).run(source, Stop(), max_frames=2)
    assert [record.label for record in records] == [color] * 2
    assert records[0].source == server.url(color)


def test_what_waited_is_not_passed_off_as_new(h264: Rtsp, device: Device) -> None:
    """What was read ahead while the stream was opened, about a second of it, is left out; a frame
    says when it was made, give or take the encoder's time.
    """
    with closing(live(h264.url("clock"), device).frames()) as frames:
        for frame in take(frames, 20):
            assert isinstance(frame.pixels, np.ndarray)
            made = time.monotonic() - age(frame.pixels)
            assert abs(frame.monotonic - made) < 0.4


def test_killed_and_started_again(tmp_path: Path, device: Device) -> None:
    """A server that dies is lost, said with the reason, and found again on the same port; frames
    go on with numbers of their own.
    """
    server = rtsp(tmp_path)
    source = live(server.url("red"), device)
    with closing(source.frames()) as frames:
        with server.running():
            before = take(frames, 3)
            assert source.status().state == "running"
        lost = until(source, frames, lambda s: "cannot be reached" in (s.reason or ""))
        assert lost.state == "lost"
        assert lost.reason == f"{server.url('red')} cannot be reached: connection refused"
        with server.running():
            back = until(source, frames, lambda s: s.state == "running")
            after = take(frames, 3)
    assert (back.reason, back.counts["reopened"], back.counts["stuck"]) == (None, 1, 0)
    assert back.since > lost.since
    assert after[0].number > before[-1].number
    assert len({frame.subject.etag for frame in before + after}) == 6


def test_asleep(tmp_path: Path, device: Device) -> None:
    """A server that goes silent with its connections open is hung; once it wakes, it runs."""
    server = rtsp(tmp_path)
    source = live(server.url("red"), device, opening=2.0)
    with server.running(), closing(source.frames()) as frames:
        take(frames, 3)
        with server.stopped():
            hung = until(source, frames, lambda s: s.state != "running")
            assert (hung.state, hung.reason) == ("hung", "no frame for 1.5 s")
            until(source, frames, lambda s: "gives no video" in (s.reason or ""))
        until(source, frames, lambda s: s.state == "running")
        take(frames, 3)
        assert source.status().counts["stuck"] == 0
    names = [thread.name for thread in threading.enumerate()]
    assert f"source {source.name}" not in names


def test_packets_dropped(h264: Rtsp, device: Device) -> None:
    """Connections open, and every packet dropped on the way: hung; when they flow again, what
    comes is new.
    """
    with valve(h264.port) as between, ExitStack() as ends:
        source = live(f"rtsp://127.0.0.1:{between.port}/clock", device, opening=2.0)
        frames = ends.enter_context(closing(source.frames()))
        take(frames, 3)
        between.flows.clear()
        assert until(source, frames, lambda s: s.state != "running").state == "hung"
        between.flows.set()
        until(source, frames, lambda s: s.state == "running")
        for frame in take(frames, 5):
            assert isinstance(frame.pixels, np.ndarray)
            assert age(frame.pixels) < 1


def test_not_there_at_the_start(tmp_path: Path, device: Device) -> None:
    """Nothing listens: said at once, with the reason."""
    url = rtsp(tmp_path).url("red")
    frames = live(url, device).frames()
    with pytest.raises(ConfigurationError, match=f"^{url} cannot be reached: connection refused$"):
        take(frames, 1)


def test_waited_for_at_the_start(tmp_path: Path, device: Device) -> None:
    """With `wait_at_start` it is waited for, and found."""
    server = rtsp(tmp_path)
    source = live(server.url("red"), device, replace(QUICK, wait_at_start=True))
    with closing(source.frames()) as frames:
        status = until(source, frames, lambda s: s.reason is not None)
        assert (status.state, next(frames)) == ("opening", None)
        with server.running():
            take(frames, 1)
            assert source.status().counts["reopened"] == 0


def test_credentials_are_shown_nowhere(
    tmp_path: Path, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """User and password open a guarded stream, from the URL or from the environment; source,
    status and errors do not bear them, nor does what OpenCV and FFmpeg write in a process of
    their own.
    """
    server = rtsp(tmp_path, "jpeg", "keeper", "pa:ss/w?rd")
    bare = server.url("red")
    wrong = bare.replace("://", "://keeper:wr0ng@")
    with server.running():
        monkeypatch.setenv("LITESCORE_SOURCE_USER", "keeper")
        monkeypatch.setenv("LITESCORE_SOURCE_PASSWORD", "pa:ss/w?rd")
        source = choose(SourceOptions(bare), CONTRACT, device, Settings())
        with closing(source.frames()) as frames:
            assert take(frames, 1)[0].subject.source == bare
        source = choose(SourceOptions(wrong), CONTRACT, device, Settings())
        with pytest.raises(ConfigurationError, match="are path, user and password right") as raised:
            take(source.frames(), 1)
        program = [sys.executable, "-c", _OPEN_ALONE, wrong]
        alone = subprocess.run(program, capture_output=True, text=True)
    assert "wr0ng" not in str(raised.value) + str(source.status())
    assert alone.stdout == f"{raised.value}\n"
    assert alone.stderr == ""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("rtsp://user:secret@camera:554/a", "rtsp://camera:554/a"),
        ("rtsp://user:se@cret@camera/a", "rtsp://camera/a"),
        (
            "http://camera/video?user=u&pwd=secret&channel=1",
            "http://camera/video?user=***&pwd=***&channel=1",
        ),
        ("rtsp://c/user=a_password=secret_channel=1.sdp", "rtsp://c/user=***"),
        ("rtsp://camera/Streaming/Channels/101", "rtsp://camera/Streaming/Channels/101"),
        ("rtsp://camera/user=u&password=se@cret&ch=1", "rtsp://camera/user=***&password=***&ch=1"),
        ("rtsp://u:s3#cret@camera/a?b=1", "rtsp://camera/a?b=1"),
        ("rtsp://u:12/34secret@camera/a", "rtsp://camera/a"),
        ("rtsp://u:se?cr@et/secret@camera/a?pwd=secret", "rtsp://camera/a?pwd=***"),
        ("rtsp://u:[secret@camera/a", "rtsp://camera/a"),
    ],
)
def test_shown(url: str, expected: str) -> None:
    """What is shown of a URL, wherever cameras want their credentials."""
    assert shown(url) == expected


def test_credentials_of_the_url_go_first() -> None:
    """The environment adds to a URL without any."""
    environ = {"LITESCORE_SOURCE_USER": "u", "LITESCORE_SOURCE_PASSWORD": "p@"}
    assert with_credentials("rtsp://camera/a", environ) == "rtsp://u:p%40@camera/a"
    assert with_credentials("rtsp://x:y@camera/a", environ) == "rtsp://x:y@camera/a"
    assert with_credentials("rtsp://camera/a", {}) == "rtsp://camera/a"
    assert with_credentials("http://camera/a?pwd=x@y", {}) == "http://camera/a?pwd=x@y"


@pytest.mark.parametrize(
    "password", ["s3#cret", "12/34secret", "se?cret", "[secret", "secret\u2100"]
)
def test_credentials_that_are_to_be_encoded(password: str, device: Device) -> None:
    """A password that ends the host too early is refused, and shown no part of."""
    url = f"rtsp://keeper:{password}@camera/stream"
    with pytest.raises(UsageError, match=r"^--source rtsp://camera/stream: ") as raised:
        choose(SourceOptions(url), CONTRACT, device, Settings())
    assert not any(part in str(raised.value) for part in ("keeper", "cret", "s3", "12"))
