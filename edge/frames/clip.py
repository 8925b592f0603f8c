"""A video file: every frame in order, or as of a camera at its own pace."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path

from edge.frames import PATIENCE, Frame
from edge.frames.capture import Capture, NotVideo
from edge.status import Status
from litescore import store
from litescore.contract import Contract
from litescore.errors import ConfigurationError
from litescore.record import Subject

# Seconds to make up for time in which the loop took no frame; a machine that needs longer cannot
# decode as fast as the clip plays, and sees it slowed down instead.
_CATCH_UP = 2.0
# Where a clip does not say its own.
_RATE = 25.0


class Clip:
    """The frames of a video file, as fast as they are taken.

    loop       from its beginning again, for ever
    real_time  no sooner than the clip's own times say; what is late is left out

    A frame has the same id in every round: it is the same picture. `number` goes on counting.
    """

    def __init__(self, path: Path, *, loop: bool = False, real_time: bool = False) -> None:
        self.name = str(path)
        self.live = False
        self._status = Status("running")
        self._path = path
        self._loop = loop
        self._real_time = real_time

    def frames(self) -> Generator[Frame | None, None, None]:
        """Raises ConfigurationError, whichever round it is, for a file that OpenCV cannot open."""
        numbers = count()
        for turn in count() if self._loop else range(1):
            yield from self._play(turn, numbers)

    def expect(self, contract: Contract) -> None:
        """Nothing is done ahead: the loop takes every frame, at its own pace."""

    def status(self) -> Status:
        """Always `running`: no clip is lost for a while."""
        return self._status

    def _play(self, turn: int, numbers: Iterator[int]) -> Generator[Frame | None, None, None]:
        etag = store.file_etag(self._path)
        capture = _open(self._path)
        pace = _Pace(1 / (capture.get("FPS") or _RATE)) if self._real_time else None
        given = False
        try:
            for member in count():
                if not capture.grab():
                    break
                position = capture.position
                if pace:
                    yield from pace.wait(position)
                if pace and pace.is_late(position):
                    continue
                pixels = capture.picture()
                if pixels is None:
                    break
                subject = Subject(str(self._path), member=str(member), etag=etag)
                place = {"position": round(position, 3)} | ({"round": turn} if self._loop else {})
                yield Frame(subject, next(numbers), time.monotonic(), pixels, place)
                given = True
                if pace:
                    pace.took()
        finally:
            capture.close()
        if not given:
            raise ConfigurationError(f"OpenCV finds no frame in {self._path}: is it a video?")


class _Pace:
    """When a clip's frames are due; `step` is the time from one to the next, all in seconds."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._origin: float | None = None
        self._taken = self._looked_up = time.monotonic()

    def wait(self, position: float) -> Generator[None, None, None]:
        """Wait until the frame at `position` is due; None each time the loop may look up."""
        if self._origin is None:
            self._origin = time.monotonic() - position
        # Frames that are left out take their time, too.
        if time.monotonic() - self._looked_up >= PATIENCE:
            yield from self._look_up()
        while (left := self._origin + position - time.monotonic()) > 0:
            time.sleep(min(left, PATIENCE))
            if left > PATIENCE:
                yield from self._look_up()

    def is_late(self, position: float) -> bool:
        """Whether the frame after this one is due already."""
        assert self._origin is not None
        now = time.monotonic()
        if now - (self._origin + position) <= self._step:
            return False
        if now - self._taken <= _CATCH_UP:
            return True
        self._origin = now - position
        return False

    def took(self) -> None:
        """The loop has done with a frame."""
        self._taken = self._looked_up = time.monotonic()

    def _look_up(self) -> Generator[None, None, None]:
        yield None
        self._looked_up = time.monotonic()


def _open(path: Path) -> Capture:
    try:
        return Capture(str(path), "FFMPEG")
    except NotVideo:
        raise ConfigurationError(f"OpenCV cannot read {path} as video") from None
