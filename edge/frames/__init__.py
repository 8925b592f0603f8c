"""Where frames come from: what a frame and a source are.

    files.py      images in files, in order
    clip.py       a video file
    live.py       a camera: only its latest frame, kept in slot.py, and it comes back by recovery.py
    camera.py     what an open camera is: v4l2.py, picamera.py (the only import of picamera2) and
                  stream.py, whose frames freshness.py tells old from new
    capture.py    OpenCV's video capture; the only import of cv2
    options.py    the options that go with `--source`; opening.py: from them to a source

It does not know what becomes of frames.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.status import Status
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.image import PixelBudget, Tensor, decode_to_tensor, fit
from litescore.record import Subject

# How long a source may keep the loop waiting before it says that there is nothing new.
PATIENCE = 0.25


@dataclass(frozen=True)
class Still:
    """The bytes of an image file, and how large a picture they may hold, in pixels."""

    data: bytes
    max_pixels: int


@dataclass(frozen=True)
class Ready:
    """A frame's tensor, made ahead by a camera's own thread for a model of this contract."""

    contract: Contract
    tensor: Tensor


@dataclass(frozen=True)
class Frame:
    """One picture from a source.

    subject    what its record is about
    number     counts from 0 within this run of the source
    monotonic  seconds since boot when it was captured or read; holds where the clock does not
    pixels     a camera's whole picture, uint8[height, width, 3] red first, before the contract's
               view; or an image file; or why it cannot be read
    place      where in its source: `name` of a file, `position` in a clip in seconds
    ready      its tensor, where that was made ahead
    """

    subject: Subject
    number: int
    monotonic: float
    pixels: NDArray[np.uint8] | Still | PermanentError
    place: Mapping[str, Any] = field(default_factory=dict)
    ready: Ready | None = None

    @property
    def size(self) -> int:
        """Bytes of memory that its picture takes."""
        if isinstance(self.pixels, np.ndarray):
            return self.pixels.nbytes
        return len(self.pixels.data) if isinstance(self.pixels, Still) else 0


def tensor(frame: Frame, contract: Contract) -> Tensor:
    """uint8[height, width, channels] of what a frame holds, as batch scoring makes it.

    Raises PermanentError for a frame that could not be read and for bytes that are no picture.
    """
    pixels, ready = frame.pixels, frame.ready
    if ready is not None and ready.contract is contract:
        return ready.tensor
    if isinstance(pixels, PermanentError):
        raise pixels
    if not isinstance(pixels, Still):
        return fit(pixels, contract)
    return decode_to_tensor(
        pixels.data,
        contract,
        budget=PixelBudget(pixels.max_pixels),
        max_pixels=pixels.max_pixels,
        max_bytes=len(pixels.data),
    )


class Source(Protocol):
    """Where frames come from. Nothing is opened before `frames` is called.

    name  for a person; without the password that a URL may hold
    live  whether it is a camera, whose frames flicker and pass, and not files
    """

    name: str
    live: bool

    def frames(self) -> Generator[Frame | None, None, None]:
        """Each frame; None when no new one came for PATIENCE seconds, so that the loop can look
        up. Closing the generator closes the source.

        Raises ConfigurationError when it cannot be opened, UsageError for what it cannot do.
        """

    def expect(self, contract: Contract) -> None:
        """From now on frames are for a model of this contract: what can be done ahead, may be."""

    def status(self) -> Status:
        """How the source is doing; may be asked on any thread."""
