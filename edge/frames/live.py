"""A live camera: one thread captures and keeps only the latest frame.

What the loop takes is never older than one frame interval, however long the model needs. It does
not know what kind of camera it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from threading import Condition, Event, Thread
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.device import Device
from edge.frames import PATIENCE, Frame
from edge.status import Status
from litescore.errors import ConfigurationError
from litescore.record import Subject

# A camera that hangs inside its driver cannot be joined; its thread is left to die with the process.
_FAREWELL = 0.5


class Camera(Protocol):
    """What the capture thread drives: an open camera."""

    def read(self) -> NDArray[np.uint8] | None:
        """The next picture as uint8[height, width, 3], red first; None when there are no more."""

    def close(self) -> None: ...


class Slot:
    """Room for one frame: a new one replaces what nobody took."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: Frame | None = None

    def put(self, frame: Frame) -> None:
        with self._changed:
            self._frame = frame
            self._changed.notify()

    def take(self, seconds: float) -> Frame | None:
        """The latest frame, once; None when none comes within `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None, seconds)
            frame, self._frame = self._frame, None
            return frame


class LiveCamera:
    """A source over a camera. `open_camera` is called when the frames are asked for.

    Frames are numbered as captured, so that a gap in the numbers tells how many were left out.
    """

    def __init__(self, name: str, open_camera: Callable[[], Camera], device: Device) -> None:
        self.name = name
        self._open = open_camera
        self._device = device
        self._slot = Slot()
        self._closing = Event()
        self._failure: Exception | None = None

    def frames(self) -> Generator[Frame | None, None, None]:
        """Raises ConfigurationError when the camera cannot be opened or gives no more frames."""
        camera = self._open()
        thread = Thread(target=self._capture, args=(camera,), name=f"capture {self.name}")
        thread.daemon = True
        thread.start()
        try:
            while True:
                frame = self._slot.take(PATIENCE)
                if frame is None and self._failure is not None:
                    raise self._failure
                yield frame
        finally:
            self._closing.set()
            thread.join(_FAREWELL)

    def status(self) -> Status:
        return Status("running")

    def _capture(self, camera: Camera) -> None:
        number = 0
        try:
            while not self._closing.is_set():
                pixels = camera.read()
                if pixels is None:
                    raise ConfigurationError(
                        f"{self.name} gives no more frames (after {number}): is it still connected?"
                    )
                self._slot.put(self._frame(number, pixels))
                number += 1
        except Exception as error:  # noqa: BLE001 raised again on the loop's thread
            self._failure = error
        finally:
            camera.close()

    def _frame(self, number: int, pixels: NDArray[np.uint8]) -> Frame:
        subject = Subject(self.name, etag=self._device.etag(number))
        return Frame(subject, number, time.monotonic(), pixels)
