"""The model's file, watched: when another one lies there and proves itself, the loop takes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from edge.releases.status import ReleaseStatus
from edge.scored import Scored
from litescore import golden
from litescore.errors import LitescoreError
from litescore.scorer import Scorer, read_model

# Seconds between two looks; a file is taken when two of them found it the same.
_PAUSE = 2.0

Stamp = tuple[int, int, int]
Load = Callable[[str | Path | bytes], Scorer]


class ModelFile:
    """Watches a model's file on a thread of its own.

    model  a path; what is named otherwise is loaded once and not watched
    load   makes a scorer of it, or of a file's bytes
    say    tells a person, one line

    A new file must load, and its golden samples must come out here as they were recorded; else the
    old model goes on, and `problem` says why. It is no `release` of a channel.
    """

    release: ReleaseStatus | None = None

    def __init__(
        self,
        model: str | Path,
        *,
        load: Load,
        say: Callable[[str], None],
        pause: float = _PAUSE,
    ) -> None:
        self._model, self._path = model, Path(model)
        self.name = self._path.name
        self.problem: str | None = None
        self._load, self._say = load, say
        self._pause = pause
        self._held = _stamp(self._path)
        self._closing = Event()
        self._thread = Thread(target=self._watch, name=f"watch {self.name}", daemon=True)

    def first(self) -> Scorer:
        """What to begin with. Raises as `Scorer`."""
        return self._load(self._model)

    def start(self, take: Callable[[Scorer], None]) -> None:
        """Begin to watch, where it is a file of this machine; `take` is given what it becomes."""
        self._take = take
        if self._path.is_file():
            self._thread.start()

    def see(self, scored: Scored) -> None:
        """A file is taken once it has proven itself: frames tell nothing more."""

    def end(self) -> None:
        """The loop ends as it should."""

    def close(self) -> None:
        """Stop watching. A file that is being loaded is not waited for."""
        self._closing.set()

    def _watch(self) -> None:
        before = self._held
        while not self._closing.wait(self._pause):
            now = _stamp(self._path)
            if now is not None and now == before and now != self._held:
                # What fails is not tried again before it changes.
                self._held = now
                self._renew()
            before = now

    def _renew(self) -> None:
        try:
            scorer = self._proven(read_model(self._path))
            if not self._closing.is_set():
                self._take(scorer)
        except LitescoreError as error:
            self.problem = str(error)
            self._say(f"{self.name}: the new file is not taken, the old model goes on: {error}")
            return
        self.problem = None
        self._say(f"{self.name}: model {scorer.digest[:12]} from now on")

    def _proven(self, data: bytes) -> Scorer:
        scorer = self._load(data)
        verdict = golden.verify(data, runtime=scorer.runtime)
        if not verdict.proven:
            raise LitescoreError(f"its golden samples are {verdict.verdict} on {verdict.runtime}")
        return scorer


def _stamp(path: Path) -> Stamp | None:
    """What changes when the file does; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 one call for all three
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
