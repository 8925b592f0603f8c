"""Which of the scored frames are told to the sinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from litescore.errors import UsageError

if TYPE_CHECKING:
    from edge.scored import Scored


@dataclass(frozen=True)
class Telling:
    """When a frame is told: any of these is enough. A failed frame is always told.

    every    each frame
    change   the decision changed
    seconds  so long after the last one that was told
    """

    every: bool = False
    change: bool = False
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> Telling:
        """`every`, `change`, a number of seconds, or several of them with commas between.

        Raises UsageError for other words.
        """
        words = text.split(",")
        numbers = [_seconds(word, text) for word in words if word not in ("every", "change")]
        if len(numbers) > 1:
            raise UsageError(f"--emit {text}: one number of seconds")
        return cls("every" in words, "change" in words, numbers[0] if numbers else None)


def _seconds(word: str, text: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(
            f"--emit {text}: every, change, a number of seconds, or both as in change,60"
        )
    return seconds


class Emission:
    """Says of each frame whether it is told."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._last: float | None = None

    def due(self, scored: Scored) -> bool:
        """Whether this frame is told. To be asked once of each, in order."""
        telling, now = self._telling, scored.frame.monotonic
        changed = scored.decision is None or (telling.change and scored.decision.changed)
        if telling.every or changed or self._late(now):
            self._last = now
            return True
        return False

    def _late(self, now: float) -> bool:
        seconds = self._telling.seconds
        return seconds is not None and (self._last is None or now - self._last >= seconds)
