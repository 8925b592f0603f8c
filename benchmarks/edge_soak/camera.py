"""A camera that gives a clip's frames at a rate, and fails when told to."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.frames.camera import Shot
from edge.frames.capture import Capture
from litescore.errors import ConfigurationError

# What a driver with a fault gives in place of a picture.
GARBAGE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "empty": lambda pixels: pixels[:0],
    "gray": lambda pixels: pixels[..., 0],
    "four-channels": lambda pixels: np.dstack((pixels, pixels[..., :1])),
    "floats": lambda pixels: pixels.astype(np.float32),
    "other-size": lambda pixels: pixels[::2, ::3],
}


class Orders:
    """What the camera is to do next, given on another thread: lines of words.

    die           it gives no more frames
    hang SECONDS  it gives none for so long, then goes on
    refuse N      it dies, and cannot be opened N times
    garbage KIND  its next picture is none; KIND is one of GARBAGE
    rate N        it gives N frames a second from now on
    """

    def __init__(self) -> None:
        self._waiting: deque[list[str]] = deque()
        self.refusals = 0

    def put(self, line: str) -> None:
        self._waiting.append(line.split())

    def take(self) -> list[str]:
        return self._waiting.popleft() if self._waiting else [""]


class FaultyCamera:
    """Opened anew whenever the source opens it; the orders last."""

    note: str | None = None

    def __init__(self, clip: Path, rate: float, orders: Orders) -> None:
        if orders.refusals:
            orders.refusals -= 1
            raise ConfigurationError("the camera refuses, as it was told to")
        self._clip, self._rate, self._orders = clip, rate, orders
        self._capture = Capture(str(clip), "FFMPEG")
        self._due = time.monotonic()

    def read(self) -> Shot | None:
        order, *words = self._orders.take()
        if order == "die":
            return None
        if order == "refuse":
            self._orders.refusals = int(words[0])
            return None
        if order == "rate":
            self._rate = float(words[0])
        if order == "hang":
            time.sleep(float(words[0]))
        self._due = max(self._due + 1 / self._rate, time.monotonic() - 1 / self._rate)
        time.sleep(max(0.0, self._due - time.monotonic()))
        pixels = self._picture()
        if order == "garbage":
            pixels = GARBAGE[words[0]](pixels)
        return Shot(pixels, time.monotonic())

    def close(self) -> None:
        self._capture.close()

    def _picture(self) -> np.ndarray:
        if not self._capture.grab():
            self._capture.close()
            self._capture = Capture(str(self._clip), "FFMPEG")
            self._capture.grab()
        pixels = self._capture.picture()
        assert pixels is not None
        return pixels
