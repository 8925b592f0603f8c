"""V4L2 cameras, as far as that goes without one.

No V4L2 device can be made on this kind of kernel. Colours go through the class and OpenCV over a
video file; what is asked of a driver, and what its time stamps mean, is shown on a stand-in for
OpenCV's capture.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.device import Device
from edge.frames import v4l2
from edge.frames.live import LiveCamera
from edge.frames.v4l2 import V4l2Camera
from edge.loop import Loop
from edge.scored import Scored
from edge.stop import Stop
from litescore.scorer import Scorer
from tests.edge.conftest import BLUE, RED, Write, plain


class Driver:
    """Keeps what it is asked for; gives 640 x 480 at 30, and frames that waited `ages` seconds."""

    def __init__(self, *ages: float) -> None:
        self.asked: list[tuple[str, float]] = []
        self._ages = list(ages)
        self._age = 0.0

    def set(self, name: str, value: float) -> bool:
        self.asked.append((name, value))
        return True

    def get(self, name: str) -> float:
        return {"FRAME_WIDTH": 640, "FRAME_HEIGHT": 480, "FPS": 30}[name]

    def grab(self) -> bool:
        if not self._ages:
            return False
        self._age = self._ages.pop(0)
        return True

    @property
    def position(self) -> float:
        return time.monotonic() - self._age

    def picture(self) -> NDArray[np.uint8]:
        return np.zeros((4, 4, 3), np.uint8)


def opened(
    driver: Driver,
    patch: pytest.MonkeyPatch,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
) -> V4l2Camera:
    patch.setattr(v4l2, "_check", lambda _: None)
    patch.setattr(v4l2, "_open", lambda _: driver)
    return V4l2Camera(v4l2.DEVICES / "video0", size, fps)


@pytest.mark.parametrize(("color", "label"), [(RED, "red"), (BLUE, "blue")])
def test_colors(
    color: tuple[int, int, int], label: str, write_clip: Write, color_scorer: Scorer, device: Device
) -> None:
    """Red is red by way of the class that reads devices."""
    clip = write_clip("plain.avi", [plain(color)] * 10)
    labels: list[str | None] = []

    class Kept:
        def see(self, scored: Scored) -> None:
            labels.append(scored.record.label)

    source = LiveCamera("/dev/video0", partial(V4l2Camera, clip, None, None), device)
    Loop(color_scorer, device, watchers=[Kept()]).run(source, Stop(), max_frames=1)
    assert labels == [label]


@pytest.mark.parametrize(
    ("size", "fps", "compressed"),
    [
        ((640, 480), 30.0, False),
        ((640, 480), None, False),
        ((1280, 720), 30.0, True),
        ((1280, 720), None, True),
        ((1280, 720), 10.0, False),
        ((640, 480), 60.0, True),
        (None, 60.0, False),
    ],
)
def test_asked_of_the_driver(
    size: tuple[int, int] | None,
    fps: float | None,
    compressed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Size, rate and two buffers; MJPEG first of all, where raw frames do not fit through USB 2."""
    driver = Driver()
    opened(driver, monkeypatch, size, fps)
    expected: list[tuple[str, float]] = [("FOURCC", 0x47504A4D)] if compressed else []
    expected += [("FRAME_WIDTH", size[0]), ("FRAME_HEIGHT", size[1])] if size else []
    expected += [("FPS", fps)] if fps else []
    assert driver.asked == [*expected, ("BUFFERSIZE", 2)]


@pytest.mark.parametrize(
    ("size", "fps", "note"),
    [
        ((640, 480), 30.0, None),
        (None, None, None),
        ((1920, 1080), None, "the camera gives 640x480 at 30 frames/s"),
        (None, 60.0, "the camera gives 640x480 at 30 frames/s"),
    ],
)
def test_what_the_driver_made_of_it(
    size: tuple[int, int] | None,
    fps: float | None,
    note: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A driver takes the nearest that it can; said where that is something else."""
    assert opened(Driver(), monkeypatch, size, fps).note == note


def test_frames_that_waited_in_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of before the thread was held up are passed over; a frame's time is the driver's."""
    camera = opened(Driver(5.0, 4.9, 0.03), monkeypatch)
    shot = camera.read()
    assert shot is not None
    assert 0.03 <= time.monotonic() - shot.monotonic < 1
    assert camera.read() is None


@pytest.mark.parametrize("age", [1e6, -1e6])
def test_time_of_another_clock(age: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that stamps by another clock says nothing of when a frame was taken."""
    shot = opened(Driver(age), monkeypatch).read()
    assert shot is not None
    assert 0 <= time.monotonic() - shot.monotonic < 5
