"""Images in files: every one in order."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import suppress
from itertools import count
from pathlib import Path

from edge.frames import PATIENCE, Frame, Still
from edge.status import Status
from litescore import store
from litescore.contract import Contract
from litescore.errors import PermanentError, UsageError
from litescore.record import Subject
from litescore.settings import Settings
from litescore.shards import is_shard
from litescore.sources import subjects


class ImageFiles:
    """The pictures of a folder in order of name, or one picture; one that cannot be read is a frame
    with an error.

    settings  hold the largest file and picture that are read
    loop      from the first again, for ever, with what is in the folder then; an empty one is
              waited for

    Raises UsageError for a folder without images, ConfigurationError where there is nothing.
    """

    def __init__(self, path: Path, settings: Settings, *, loop: bool = False) -> None:
        self.name = str(path)
        self.live = False
        self._status = Status("running")
        self._path = path
        self._settings = settings
        self._loop = loop
        self._first = _pictures(path)

    def frames(self) -> Generator[Frame | None, None, None]:
        """What cannot be read is a frame too, with its error in place of pixels."""
        numbers = count()
        for turn in count() if self._loop else range(1):
            for subject in (yield from self._wait()) if turn else self._first:
                place = {"name": Path(subject.source).name} | (
                    {"round": turn} if self._loop else {}
                )
                pixels = self._read(subject)
                yield Frame(subject, next(numbers), time.monotonic(), pixels, place)

    def expect(self, contract: Contract) -> None:
        """Nothing is done ahead: the loop takes every frame, at its own pace."""

    def status(self) -> Status:
        """Always `running`: the failure of a file is its frame's."""
        return self._status

    def _wait(self) -> Generator[None, None, list[Subject]]:
        """The pictures of another round, as soon as there are some."""
        while True:
            with suppress(UsageError):
                return _pictures(self._path)
            time.sleep(PATIENCE)
            yield None

    def _read(self, subject: Subject) -> Still | PermanentError:
        try:
            data = store.read(subject, max_bytes=self._settings.max_bytes).data
        except PermanentError as error:
            return error
        return Still(data, self._settings.max_pixels)


def _pictures(path: Path) -> list[Subject]:
    """Raises UsageError where there are none."""
    pictures = [one for one in subjects([str(path)]) if not is_shard(one.source)]
    if not pictures:
        raise UsageError(f"no images in {path}, only shards: name a folder of images")
    return pictures
