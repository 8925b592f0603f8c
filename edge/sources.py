"""What a frame and a source are; and the sources that end: image folders and video clips.

A source that ends gives every frame in order. It does not know what becomes of them.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from edge.capture import OpenCvCapture
from litescore import image, store
from litescore.contract import Contract
from litescore.errors import ConfigurationError, PermanentError
from litescore.record import Subject
from litescore.settings import Settings

# How long a source may keep the loop waiting before it says that there is nothing new.
PATIENCE = 0.25


@dataclass(frozen=True)
class Frame:
    """One picture from a source.

    subject    what its record is about
    number     counts from 0 within this run of the source
    monotonic  seconds since boot when it was captured or read; holds where the clock does not
    pixels     a picture, uint8[height, width, 3] red first, or the model's tensor already; or why
               there are none
    place      where in its source: `name` of a file, `position` in a clip in seconds
    """

    subject: Subject
    number: int
    monotonic: float
    pixels: image.Pixels | PermanentError
    place: Mapping[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """Where frames come from. Nothing is opened before `frames` is called."""

    def frames(self) -> Generator[Frame | None, None, None]:
        """Each frame; None when no new one came for PATIENCE seconds, so that the loop can look
        up. Closing the generator closes the source. Raises ConfigurationError when it cannot be
        opened or is lost.
        """


class ImageFiles:
    """Pictures in files, in the order given; one that is no picture is a frame with an error.

    contract  makes tensors of them, as in batch scoring
    settings  hold the largest file and picture that are read
    """

    def __init__(self, subjects: Sequence[Subject], contract: Contract, settings: Settings) -> None:
        self._subjects = subjects
        self._contract = contract
        self._settings = settings
        self._budget = image.PixelBudget(settings.max_pixels)

    def frames(self) -> Generator[Frame | None, None, None]:
        for number, subject in enumerate(self._subjects):
            pixels = self._read(subject)
            place = {"name": Path(subject.source).name}
            yield Frame(subject, number, time.monotonic(), pixels, place)

    def _read(self, subject: Subject) -> image.Pixels | PermanentError:
        max_bytes, max_pixels = self._settings.max_bytes, self._settings.max_pixels
        try:
            data = store.read(subject, max_bytes=max_bytes).data
            return image.decode_to_tensor(
                data,
                self._contract,
                budget=self._budget,
                max_bytes=max_bytes,
                max_pixels=max_pixels,
            )
        except PermanentError as error:
            return error


class Clip:
    """Every frame of a video file, as fast as they are taken."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def frames(self) -> Generator[Frame | None, None, None]:
        etag = store.file_etag(self._path)
        capture = OpenCvCapture(self._path)
        number = 0
        try:
            while (pixels := capture.read()) is not None:
                subject = Subject(str(self._path), member=str(number), etag=etag)
                place = {"position": round(capture.position, 3)}
                yield Frame(subject, number, time.monotonic(), pixels, place)
                number += 1
        finally:
            capture.close()
        if number == 0:
            raise ConfigurationError(f"OpenCV finds no frame in {self._path}: is it a video?")
