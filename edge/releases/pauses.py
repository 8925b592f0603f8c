"""How long a follower waits from one look at its channel to the next."""

from __future__ import annotations

import random
import time

# Of the time between two looks: forty devices that were switched on together do not ask together.
_JITTER = 0.2
# Seconds to the next try at what broke off; each time twice as long, up to the ordinary time.
_FIRST_RETRY = 5.0
# While a release is on trial it is judged so often, in seconds.
_JUDGED = 1.0


class Pauses:
    """`every` is the ordinary time between two looks, in seconds."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._retry = _FIRST_RETRY

    def first(self) -> float:
        """Seconds from the start to the first look."""
        return _about(self._every / 10)

    def ordinary(self) -> float:
        """Seconds after a look that was answered, whatever the answer."""
        self._retry = _FIRST_RETRY
        return _about(self._every)

    def retry(self) -> float:
        """Seconds after a look that broke off."""
        pause = min(self._retry, self._every)
        self._retry = 2 * pause
        return _about(pause)

    @staticmethod
    def until(due: float, *, on_trial: bool) -> float:
        """Seconds until there is something to do: the look that is due by the monotonic clock, or a
        trial to be judged.
        """
        left = max(0.0, due - time.monotonic())
        return min(left, _JUDGED) if on_trial else left


def _about(seconds: float) -> float:
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 no secret
