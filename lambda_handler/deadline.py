"""When an invocation must stop: before the time that AWS gave it is over, not after."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

# Seconds kept for writing records and for AWS to take the reply.
FLUSH = 2.0
# How much of the slowest step is still believed after a quicker one.
_FADE = 0.9


class Deadline:
    """Whether the time that is left no longer covers what is under way and the flush.

    What is under way takes as long as twice the slowest step of late (a step lies between two
    questions), and what an image took on average for each that was begun and is not done. Once it
    is late it stays late. Without a Lambda context it never is.
    """

    def __init__(self, context: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._left = getattr(context, "get_remaining_time_in_millis", None)
        self._clock = clock
        self._start = self._last = clock()
        self._slowest = 0.0
        self.begun = self.done = 0
        self.passed = False

    def __call__(self) -> bool:
        """To be asked between steps: the time since the last question counts as a step."""
        now = self._clock()
        self._slowest = max(_FADE * self._slowest, now - self._last)
        self._last = now
        if self._left is not None and not self.passed:
            self.passed = self._left() / 1000 < self._needed(now) + FLUSH
        return self.passed

    def _needed(self, now: float) -> float:
        each = (now - self._start) / self.done if self.done else 0.0
        return 2 * self._slowest + max(0, self.begun - self.done) * each
