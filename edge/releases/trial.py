"""Whether a release runs here as well as the one before it: failures and the model's time, frame by
frame. It does not know what becomes of the answer.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from statistics import median

from edge.scored import Scored

# Frames whose times are remembered: of a median, more tell no more.
_TIMES = 200
# So many more of a hundred frames may fail than before.
_MORE_FAILURES = 0.2
# So many seconds more a frame nobody feels, and a busy processor makes of a small model's time.
_UNFELT = 0.002
# The share that may fail where nobody knows how many failed before.
_UNKNOWN = 0.5


@dataclass(frozen=True)
class Terms:
    """What a release must show before it stays.

    seconds  and frames it must run for
    slower   the median time of the model may be so many times that of the release before
    """

    seconds: float = 120.0
    frames: int = 100
    slower: float = 5.0


@dataclass
class Tally:
    """Frames of one release: all, the failed ones, and the seconds that the model took of the last."""

    frames: int = 0
    failed: int = 0
    times: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMES))

    def add(self, scored: Scored) -> None:
        """Count a frame."""
        self.frames += 1
        self.failed += scored.error is not None
        if scored.model_seconds is not None:
            self.times.append(scored.model_seconds)

    @property
    def failing(self) -> float:
        """The share of frames that failed, 0..1."""
        return self.failed / self.frames if self.frames else 0.0


class Trial:
    """Counts on the loop's thread; may be judged on any.

    before  what the release before it came to; None where that is not known
    """

    def __init__(self, digest: str, before: Tally | None, terms: Terms) -> None:
        self.digest = digest
        self.tally = Tally()
        self.before, self._terms = before or Tally(), terms
        self._began = time.monotonic()

    def see(self, scored: Scored) -> None:
        """Count a frame, if this release scored it."""
        if scored.model == self.digest:
            self.tally.add(scored)

    def fault(self) -> str | None:
        """What is wrong with the release, in one line; None where nothing is, as yet."""
        tally, before = self.tally, self.before
        if tally.frames < self._terms.frames // 4:
            return None
        # What a camera does not give fails with any model: after a restart nobody knows how many.
        usual = before.failing if before.frames else _UNKNOWN
        if tally.failing > usual + _MORE_FAILURES:
            known = f"{usual:.0%} with the one before" if before.frames else "as good as all"
            return f"{tally.failed} of {tally.frames} frames failed with it, {known}"
        if before.times and tally.times:
            now, then = median(tuple(tally.times)), median(tuple(before.times))
            if now > max(self._terms.slower * then, then + _UNFELT):
                return f"the model takes {1000 * now:.3g} ms, the one before {1000 * then:.3g}"
        return None

    @property
    def left(self) -> float:
        """Seconds until it may have passed; 0 where only frames are lacking."""
        return max(0.0, self._terms.seconds - (time.monotonic() - self._began))

    @property
    def passed(self) -> bool:
        """Whether it ran for long enough."""
        long = time.monotonic() - self._began >= self._terms.seconds
        return long and self.tally.frames >= self._terms.frames
