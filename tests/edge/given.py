"""A source and a sink that do as a test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable

import numpy as np
from numpy.typing import NDArray

from edge.frames import Frame, Still
from edge.scored import Scored
from edge.status import Status
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.record import Subject


class Given:
    """A source of the pictures it is given."""

    name = "given"
    live = False

    def __init__(
        self, pictures: Iterable[NDArray[np.uint8] | Still | PermanentError | None]
    ) -> None:
        self._pictures = pictures
        self.closed = False
        self.expected: list[Contract] = []

    def frames(self) -> Generator[Frame | None, None, None]:
        try:
            for number, pixels in enumerate(self._pictures):
                if pixels is None:
                    yield None
                    continue
                subject = Subject("given", etag=str(number))
                yield Frame(subject, number, time.monotonic(), pixels)
        finally:
            self.closed = True

    def expect(self, contract: Contract) -> None:
        self.expected.append(contract)

    def status(self) -> Status:
        return Status("running")


class Kept:
    """A sink that keeps what it is given, or raises."""

    name = "kept"

    def __init__(self, failure: BaseException | None = None) -> None:
        self.scored: list[Scored] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self._failure = failure

    def write(self, scored: Scored) -> None:
        self.go_on.wait(30)
        if self._failure is not None:
            raise self._failure
        self.scored.append(scored)

    def status(self) -> Status:
        return Status("running")

    def close(self) -> None: ...

    @property
    def labels(self) -> list[str | None]:
        return [scored.record.label for scored in self.scored]
