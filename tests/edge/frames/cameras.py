"""Cameras for tests, and how to wait for what a source does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from edge.frames import Frame, Source
from edge.frames.camera import Shot
from edge.frames.capture import Capture
from edge.frames.recovery import Recovery
from edge.status import Status

# Tests wait for conditions; this is when they give up, on a machine that has other work.
PATIENCE = 60.0
QUICK = Recovery(hung_after=1.5, first_pause=0.05, longest_pause=0.2)


class Playing:
    """A camera that plays a clip once, or for ever, about 200 frames a second.

    No V4L2 device can be made on this kind of kernel: OpenCV's capture, which drives them, is
    driven over a video file.
    """

    note: str | None = None

    def __init__(self, clip: Path, *, loop: bool = False) -> None:
        self._clip = clip
        self._loop = loop
        self._capture = Capture(str(clip), "FFMPEG")
        self.given = 0
        self.closed = threading.Event()

    def read(self) -> Shot | None:
        time.sleep(0.005)
        there = self._capture.grab()
        if not there and self._loop:
            self._capture.close()
            self._capture = Capture(str(self._clip), "FFMPEG")
            there = self._capture.grab()
        if not there:
            return None
        pixels = self._capture.picture()
        assert pixels is not None
        self.given += 1
        return Shot(pixels, time.monotonic())

    def close(self) -> None:
        self._capture.close()
        self.closed.set()


class Hanging:
    """A camera that gives so many frames and then hangs inside its driver until it is freed."""

    note: str | None = None

    def __init__(self, shots: int) -> None:
        self._left = shots
        self.freed = threading.Event()
        self.closed = threading.Event()

    def read(self) -> Shot | None:
        if self._left == 0:
            self.freed.wait(PATIENCE)
        self._left -= 1
        return shot()

    def close(self) -> None:
        self.closed.set()


class Stepping:
    """A camera that gives a frame each time `step` is called, and ends at `end`."""

    note: str | None = None

    def __init__(self) -> None:
        self._shots: SimpleQueue[Shot | None] = SimpleQueue()

    def step(self) -> None:
        self._shots.put(shot())

    def end(self) -> None:
        self._shots.put(None)

    def read(self) -> Shot | None:
        return self._shots.get()

    def close(self) -> None: ...


def shot(pixels: NDArray[np.uint8] | None = None) -> Shot:
    return Shot(np.zeros((4, 4, 3), np.uint8) if pixels is None else pixels, time.monotonic())


def take(frames: Generator[Frame | None, None, None], count: int) -> list[Frame]:
    """The next `count` frames, however long the source says that there is none."""
    taken: list[Frame] = []
    end = time.monotonic() + PATIENCE
    while len(taken) < count:
        assert time.monotonic() < end, f"{len(taken)} of {count} frames came"
        frame = next(frames)
        if frame is not None:
            taken.append(frame)
    return taken


def until(
    source: Source, frames: Generator[Frame | None, None, None], holds: Callable[[Status], bool]
) -> Status:
    """Go on taking frames until what the source says of itself `holds`; what it says then."""
    end = time.monotonic() + PATIENCE
    while not holds(status := source.status()):
        assert time.monotonic() < end, f"still {status}"
        next(frames)
    return status
