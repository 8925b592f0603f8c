"""Room for one frame between the thread that captures and the loop: the latest one."""

from __future__ import annotations

import time
from threading import Condition
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.device import Device
from edge.frames import Frame, Ready
from edge.frames.camera import Shot
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.image import fit
from litescore.record import Subject

Pixels: TypeAlias = NDArray[np.uint8] | PermanentError

# A frame that nobody took for so long, in seconds, is given to nobody: the loop slept, and the
# camera either went away meanwhile or has the next one ready.
_FRESH = 1.0


class Slot:
    """Holds the latest frame of whoever owns it: a new one replaces what nobody took.

    captured  frames that were put, which are numbered so: a gap tells how many were left out
    dropped   those of them that nobody took
    contract  of the model that frames are for; they are fitted to it here, on the thread that
              captures, while the model is at the frame before. None until it is known
    """

    def __init__(self, name: str, device: Device) -> None:
        self.contract: Contract | None = None
        self.captured = 0
        self.dropped = 0
        self._name = name
        self._device = device
        self._changed = Condition()
        self._owner: object = None
        self._latest: tuple[Frame, float] | None = None
        self._failure: Exception | None = None

    def give_to(self, owner: object) -> None:
        """From now on only `owner` may put frames: a thread that hung and came back may not."""
        with self._changed:
            self._owner = owner

    def put(self, owner: object, shot: Shot) -> bool:
        """Make a frame of a shot; False, and nothing done, where `owner` is the owner no more."""
        pixels = _picture(shot.pixels)
        ready = self._fitted(pixels)
        with self._changed:
            if owner is not self._owner:
                return False
            self.dropped += self._latest is not None
            self._latest = self._frame(shot, pixels, ready), time.monotonic()
            self.captured += 1
            self._changed.notify()
            return True

    def fail(self, error: Exception) -> None:
        """No frame will come any more: whoever waits for one gets `error` raised."""
        with self._changed:
            self._failure = error
            self._changed.notify()

    def take(self, seconds: float) -> Frame | None:
        """The latest frame, once; None when no fresh one comes within `seconds`."""
        end = time.monotonic() + seconds
        with self._changed:
            while self._changed.wait_for(self._has_news, end - time.monotonic()):
                if self._latest is None:
                    assert self._failure is not None
                    raise self._failure
                (frame, arrived), self._latest = self._latest, None
                if time.monotonic() - arrived <= _FRESH:
                    return frame
                self.dropped += 1
            return None

    def _has_news(self) -> bool:
        return self._latest is not None or self._failure is not None

    def _frame(self, shot: Shot, pixels: Pixels, ready: Ready | None) -> Frame:
        number = self.captured
        subject = Subject(self._name, etag=self._device.etag(number))
        return Frame(subject, number, shot.monotonic, pixels, ready=ready)

    def _fitted(self, pixels: Pixels) -> Ready | None:
        contract = self.contract
        # Where a frame still waits the loop is behind, and may well take a later one than this.
        if contract is None or isinstance(pixels, PermanentError) or self._latest is not None:
            return None
        try:
            return Ready(contract, fit(pixels, contract))
        except PermanentError:
            return None  # The loop comes to the same, and tells it.


def _picture(pixels: NDArray[np.uint8]) -> Pixels:
    """The pixels; where a driver gave something else, what is wrong with it: one frame fails."""
    if pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size:
        return pixels
    shape = ", ".join(map(str, pixels.shape))
    return PermanentError("corrupt", f"the camera gave {pixels.dtype}[{shape}]: no picture")
