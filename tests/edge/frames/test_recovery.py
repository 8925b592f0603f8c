"""A camera that is lost, refuses, or comes back at the wrong time."""

from __future__ import annotations

import re
import threading
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from edge.device import Device
from edge.frames import Frame
from edge.frames.camera import Shot
from edge.frames.live import LiveCamera
from edge.frames.recovery import Recovery
from litescore.errors import ConfigurationError, LitescoreError, MissingDependency, UsageError
from tests.edge.conftest import RED, Write, plain
from tests.edge.frames.cameras import PATIENCE, QUICK, Hanging, Playing, Stepping, shot, take, until
from tests.edge.frames.openings import Openings


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
