"""Asking no more often than is gentle."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")

# At most every so many seconds, and no more than this share of the time.
_SHORTEST, _SHARE = 0.9, 0.05


class Paced(Generic[_T]):
    """What `ask` answered last; asked again only when it is due. For one thread at a time."""

    def __init__(self, ask: Callable[[], _T]) -> None:
        self._ask = ask
        self._due = 0.0
        self._last: _T | None = None

    def __call__(self) -> _T:
        """The answer, which may be old by twenty times what asking takes, and at least by 0.9 s."""
        begun = time.monotonic()
        if self._last is None or begun >= self._due:
            self._last = self._ask()
            ended = time.monotonic()
            self._due = ended + max(_SHORTEST, (ended - begun) / _SHARE)
        return self._last
