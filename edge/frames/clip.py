"""A video file: every frame in order."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

from edge.frames import Frame
from edge.frames.capture import OpenCvCapture
from edge.status import Status
from litescore import store
from litescore.errors import ConfigurationError
from litescore.record import Subject


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

    def status(self) -> Status:
        return Status("running")
