"""Images in files: every one in order."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from pathlib import Path

from edge.frames import Frame, Still
from edge.status import Status
from litescore import store
from litescore.errors import PermanentError
from litescore.record import Subject
from litescore.settings import Settings


class ImageFiles:
    """Pictures in files, in the order given; one that cannot be read is a frame with an error.

    settings  hold the largest file and picture that are read
    """

    def __init__(self, subjects: Sequence[Subject], settings: Settings) -> None:
        self._subjects = subjects
        self._settings = settings

    def frames(self) -> Generator[Frame | None, None, None]:
        for number, subject in enumerate(self._subjects):
            pixels = self._read(subject)
            place = {"name": Path(subject.source).name}
            yield Frame(subject, number, time.monotonic(), pixels, place)

    def status(self) -> Status:
        return Status("running")

    def _read(self, subject: Subject) -> Still | PermanentError:
        try:
            data = store.read(subject, max_bytes=self._settings.max_bytes).data
        except PermanentError as error:
            return error
        return Still(data, self._settings.max_pixels)
