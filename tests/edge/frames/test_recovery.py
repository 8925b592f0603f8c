"""A camera that is lost, hangs, refuses, or comes back at the wrong time."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from edge.device import Device
from edge.frames import Frame
from edge.frames.camera import Camera, Shot
from edge.frames.live import LiveCamera
from edge.frames.recovery import Recovery
from litescore.errors import ConfigurationError, LitescoreError, MissingDependency, UsageError
from tests.edge.conftest import RED, Write, plain
from tests.edge.frames.cameras import PATIENCE, QUICK, Hanging, Playing, Stepping, shot, take, until

# A hung camera is noticed by the supervisor, not by itself: then both waits count.
SHORT = replace(QUICK, hung_after=0.3, farewell=0.1)


class Openings:
    """Opens one camera after the other; an error stands for a camera that refuses, an event for
    one that is not there before the event is set.
    """

    def __init__(self, *cameras: Camera | Exception | threading.Event) -> None:
        self._left: Iterator[Camera | Exception | threading.Event] = iter(cameras)
        self.times: list[float] = []

    def __call__(self) -> Camera:
        self.times.append(time.monotonic())
        camera = next(self._left, ConfigurationError("x: not there"))
        while isinstance(camera, threading.Event):
            camera.wait(PATIENCE)
            camera = next(self._left)
        if isinstance(camera, Exception):
            raise camera
        return camera


class Failing:
    """A camera whose driver raises after its first frame."""

    note: str | None = None

    def __init__(self, error: Exception) -> None:
        self._left: list[Shot | Exception] = [shot(), error]

    def read(self) -> Shot | None:
        next_one = self._left.pop(0)
        if isinstance(next_one, Exception):
            raise next_one
        return next_one

    def close(self) -> None: ...


def test_lost_camera_is_opened_again(write_clip: Write, device: Device) -> None:
    """A camera that ends is lost, said with its name, after its last frame; then opened again, its
    frames numbered on.
    """
    clip = write_clip("clip.avi", [plain(RED)] * 5)
    recovery = Recovery(first_pause=0.6, longest_pause=0.6)
    source = LiveCamera("/dev/video0", partial(Playing, clip), device, recovery)
    taken: list[Frame] = []
    with closing(source.frames()) as frames:
        lost = until(source, frames, lambda s: s.state == "lost")
        taken = take(frames, 6)
        assert until(source, frames, lambda s: s.counts["reopened"] > 1)
    assert lost.reason == "/dev/video0 gives no more frames (after 5): is it still connected?"
    numbers = [frame.number for frame in taken]
    assert numbers == sorted(set(numbers))
    assert len({frame.subject.etag for frame in taken}) == 6


def test_loop_stays_awake(device: Device) -> None:
    """While nothing comes the loop is told so again and again, and can end at once."""
    camera = Hanging(0)
    frames = LiveCamera("x", lambda: camera, device).frames()
    with closing(frames):
        assert [next(frames), next(frames)] == [None, None]
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    camera.freed.set()


def test_hung_camera_is_left(write_clip: Write, device: Device) -> None:
    """A thread that hangs in a driver is left and counted; when it comes back, its frames go
    nowhere, and its camera is closed.
    """
    clip = write_clip("clip.avi", [plain(RED)] * 5)
    hanging, good, back = Hanging(2), Playing(clip, loop=True), threading.Event()
    source = LiveCamera("x", Openings(hanging, back, good), device, SHORT)
    with closing(source.frames()) as frames:
        take(frames, 1)
        hung = until(source, frames, lambda s: s.state == "hung")
        assert (hung.reason, hung.counts["stuck"]) == ("no frame for 0.3 s", 1)
        back.set()
        assert take(frames, 1)[0].number >= 2
        hanging.freed.set()
        assert hanging.closed.wait(PATIENCE)
        status = until(source, frames, lambda s: s.counts["stuck"] == 0)
        assert (status.state, status.counts["reopened"]) == ("running", 1)
    assert good.closed.wait(PATIENCE)


def test_opening_that_hangs(device: Device) -> None:
    """An opening that does not return is left like a hung camera."""
    freed = threading.Event()

    def open_camera() -> Camera:
        freed.wait(PATIENCE)
        raise ConfigurationError("too late")

    source = LiveCamera("x", open_camera, device, replace(SHORT, open_within=1.0))
    begun = time.monotonic()
    with pytest.raises(ConfigurationError, match="x: not open within 1 s"):
        take(source.frames(), 1)
    assert time.monotonic() - begun >= 1  # and not after the 0.3 s that an open one may be silent
    freed.set()


def test_too_many_stuck_threads(device: Device) -> None:
    """Each hung thread holds memory: past the bound the loop ends, for systemd to start it anew."""
    cameras = [Hanging(1) for _ in range(4)]
    source = LiveCamera("x", Openings(*cameras), device, replace(SHORT, most_stuck=2))
    with pytest.raises(
        ConfigurationError, match=r"x: 3 threads hang in its driver.*start litescore"
    ):
        take(source.frames(), 4)
    for camera in cameras:
        camera.freed.set()


def test_stuck_thread_that_blocks_the_camera(device: Device) -> None:
    """Where a stuck thread holds the camera no opening helps: given up after a while."""
    camera = Hanging(1)
    source = LiveCamera("x", Openings(camera), device, replace(SHORT, stuck_for=1.0))
    with pytest.raises(ConfigurationError, match="x: 1 threads hang"):
        take(source.frames(), 2)
    assert source.status().state == "lost"
    camera.freed.set()


def test_camera_that_does_not_close(device: Device) -> None:
    """At the end a camera has its parting and no more: a second is all that a loop has to stop."""
    camera = Hanging(1)
    patient = replace(QUICK, farewell=PATIENCE)
    source = LiveCamera("x", lambda: camera, device, patient)
    with closing(source.frames()) as frames:
        take(frames, 1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    assert patient.parting <= 0.2
    camera.freed.set()


def test_openings_that_are_slow_to_fail(device: Device) -> None:
    """A name that resolves slowly keeps every opening longer than it may take, and none for ever:
    the camera is waited for, however long.
    """
    first = Stepping()
    cameras = iter([first])

    def open_camera() -> Camera:
        if (camera := next(cameras, None)) is not None:
            return camera
        time.sleep(0.2)
        raise ConfigurationError("x: no such host")

    slow = replace(SHORT, open_within=0.05, farewell=0.0, stuck_for=1.0, most_stuck=100)
    source = LiveCamera("x", open_camera, device, slow)
    with closing(source.frames()) as frames:
        first.step()
        (last,) = take(frames, 1)
        first.end()
        lost = until(source, frames, lambda s: s.counts["stuck"] > 0)
        until(source, frames, lambda _: time.monotonic() - last.monotonic > 2 * slow.stuck_for)
    assert lost.reason == "not open within 0.05 s"


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("x: not there"),
        MissingDependency("cv2", extra="edge"),
        UsageError("x: no"),
    ],
)
def test_not_there_at_the_start(error: LitescoreError, device: Device) -> None:
    """What the first opening raises is raised to whoever asks for frames."""
    source = LiveCamera("x", Openings(error), device, QUICK)
    with pytest.raises(type(error)) as raised:
        take(source.frames(), 1)
    assert raised.value is error


def test_waiting_helps_no_wrong_words(device: Device) -> None:
    """Not even a camera that is to be waited for is tried again without what it needs."""
    error = MissingDependency("cv2", extra="edge")
    source = LiveCamera("x", Openings(error), device, replace(QUICK, wait_at_start=True))
    with pytest.raises(MissingDependency):
        take(source.frames(), 1)


def test_pauses_grow(device: Device) -> None:
    """Each pause is up to twice the one before, never longer than the longest, never the same on
    two devices; meanwhile the state says what is tried, and since when.
    """
    recovery = Recovery(wait_at_start=True, first_pause=0.02, longest_pause=0.2)
    openings = Openings()
    source = LiveCamera("x", openings, device, recovery)
    with closing(source.frames()) as frames:
        first = until(source, frames, lambda s: s.reason is not None)
        end = time.monotonic() + PATIENCE
        while len(openings.times) < 8 and time.monotonic() < end:
            next(frames)
        last = source.status()
    assert (first.state, first.reason) == (last.state, last.reason) == ("opening", "x: not there")
    assert first.since == last.since
    pauses = [after - before for before, after in pairwise(openings.times)]
    # Half of the pause at least, 0.02 doubled each time up to 0.2.
    least = [0.01, 0.02, 0.04, 0.08, 0.1, 0.1, 0.1]
    assert all(pause >= low for pause, low in zip(pauses, least, strict=False))


def test_driver_that_raises(device: Device) -> None:
    """Whatever a driver raises makes the camera lost, in one line, and nothing else."""
    failing, back, good = Failing(OSError("no\nsuch device")), threading.Event(), Hanging(1)
    source = LiveCamera("x", Openings(failing, back, good), device, QUICK)
    with closing(source.frames()) as frames:
        take(frames, 1)
        lost = until(source, frames, lambda s: s.state == "lost")
        assert lost.reason == "x: OSError: no such device"
        back.set()
        take(frames, 1)
        assert source.status().reason is None
    good.freed.set()


def test_a_person_is_told(device: Device) -> None:
    """Once that the camera is lost, however often it is tried, and once that it is back; a terminal
    that went away ends nothing.
    """
    refusing = ConfigurationError("x: still not there")
    first, second = Stepping(), Stepping()
    openings, said = Openings(first, refusing, refusing, second), list[str]()

    def say(words: str) -> None:
        said.append(words)
        raise BrokenPipeError

    source = LiveCamera("x", openings, device, QUICK, say)
    with closing(source.frames()) as frames:
        first.step()
        take(frames, 1)
        assert said == []
        first.end()
        second.step()
        take(frames, 1)
        until(source, frames, lambda _: len(said) >= 2)
        lost, back = said
        second.end()
    assert lost.startswith("x is lost, and opened again: x gives no more frames (after 1)")
    assert re.fullmatch(r"x runs again, after \d+\.\d s", back)
    assert len(openings.times) >= 4


def test_camera_that_gave_up_waiting(device: Device) -> None:
    """A camera that noticed by itself that nothing comes is hung, and no thread is stuck."""
    source = LiveCamera("x", Openings(Failing(TimeoutError()), threading.Event()), device, QUICK)
    with closing(source.frames()) as frames:
        take(frames, 1)
        hung = until(source, frames, lambda s: s.state != "running")
    assert (hung.state, hung.reason, hung.counts["stuck"]) == ("hung", "no frame for 1.5 s", 0)


def test_what_a_camera_notes_is_told(device: Device) -> None:
    """What a camera gives instead of what was asked for stands in its status."""
    camera = Hanging(1)
    camera.note = "the camera gives 2x2"
    source = LiveCamera("x", lambda: camera, device)
    with closing(source.frames()) as frames:
        status = until(source, frames, lambda s: s.state == "running")
        assert status.reason == "the camera gives 2x2"
    camera.freed.set()


def test_no_thread_is_left(write_clip: Write, device: Device) -> None:
    """A hundred lives leave no thread behind."""

    def left() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name.endswith(" many")]

    clip = write_clip("clip.avi", [plain(RED, 8)])
    quick = Recovery(first_pause=0.001, longest_pause=0.001)
    source = LiveCamera("many", partial(Playing, clip), device, quick)
    with closing(source.frames()) as frames:
        until(source, frames, lambda s: s.counts["reopened"] >= 100)
        assert len(left()) <= 2
    for thread in left():
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_missing_clip_is_said(tmp_path: Path, device: Device) -> None:
    """What opening raises is raised to whoever asks for frames."""
    source = LiveCamera("x", partial(Playing, tmp_path / "none.mp4"), device)
    with pytest.raises(ConfigurationError, match="cannot open it as video"):
        take(source.frames(), 1)


def test_a_person_is_told_of_the_wait(device: Device) -> None:
    """At the start too: once what is waited for and why, and once that it is there."""
    refusing = ConfigurationError("x: not there")
    camera = Stepping()
    said: list[str] = []
    recovery = replace(QUICK, wait_at_start=True)
    source = LiveCamera("x", Openings(refusing, refusing, camera), device, recovery, said.append)
    with closing(source.frames()) as frames:
        camera.step()
        take(frames, 1)
        until(source, frames, lambda _: len(said) >= 2)
        camera.end()
    assert said[:2] == ["x is waited for: x: not there", "x runs"]
