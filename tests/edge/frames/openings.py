"""Cameras that are opened one after the other, and how long they may be silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from edge.frames.camera import Camera
from litescore.errors import ConfigurationError
from tests.edge.frames.cameras import PATIENCE, QUICK

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
