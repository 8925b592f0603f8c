"""What a set of rules may keep: how many frames a day, and how soon one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from edge.keeping.quota import Quota
from edge.keeping.rules import Rule
from edge.scored import Scored


class Allowance:
    """Rules that share a quota and a pace. Asked on the loop's thread, saved on another.

    rules    any of them is enough
    quota    how many a day
    seconds  at least so long from one kept frame to the next
    """

    def __init__(self, rules: Sequence[Rule], quota: Quota, seconds: float) -> None:
        self._rules = rules
        self._quota = quota
        self._seconds = seconds
        self._next = -float("inf")
        self.over_quota = 0

    def wanted(self, scored: Scored, now: float) -> list[str]:
        """The words of the rules for which the frame could be kept, were there quota.

        now  monotonic seconds
        """
        # Each rule is asked: those that count must see every frame.
        held = [rule.words for rule in self._rules if rule.holds(scored)]
        return held if now >= self._next else []

    def take(self, now: float) -> bool:
        """Take one from the quota; false, and counted, where there is none."""
        if not self._quota.take():
            self.over_quota += 1
            return False
        self._next = now + self._seconds
        return True

    def save(self) -> None:
        """Write down what is left. Raises ConfigurationError where the disk does not take it."""
        self._quota.save()
