"""The newest frame and the last decisions."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from edge.decisions import Decision
from edge.scored import Scored

_KEPT = 50


@dataclass(frozen=True)
class Seen:
    """The newest frame: how many were seen up to it, when (monotonic seconds), and what of it."""

    serial: int
    monotonic: float
    scored: Scored


class History:
    """Noted on the loop's thread, read on any.

    newest   the newest frame, scored or failed; None before the first
    changes  how often the decision changed, the first one aside
    """

    def __init__(self) -> None:
        self.newest: Seen | None = None
        self.changes = 0
        self._serial = 0
        self._decisions: deque[Decision] = deque(maxlen=_KEPT)

    def see(self, scored: Scored) -> None:
        """Note the frame."""
        self._serial += 1
        self.newest = Seen(self._serial, time.monotonic(), scored)
        decision = scored.decision
        if decision is None:
            return
        if decision.changed:
            self.changes += bool(self._decisions)
            self._decisions.append(decision)
        elif self._decisions and decision.score > self._decisions[-1].score:
            self._decisions[-1] = decision

    def decisions(self) -> list[Decision]:
        """The last that came, newest first, each as it was when it was surest."""
        # A copy of a deque is made in one piece: no frame comes in between.
        return list(self._decisions.copy())[::-1]
