"""What the loop counts and times: frames, failures, latencies."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from statistics import median

from edge.scored import Scored

# A loop that runs for a year tells of its last so many frames.
_REMEMBERED = 4096


@dataclass(frozen=True)
class Summary:
    """What a loop did: frames (the failed ones among them), seconds from the first frame on, and
    the median time in milliseconds that the model took of the last frames; None without any.
    """

    frames: int
    failed: int
    seconds: float
    model_ms: float | None

    def __str__(self) -> str:
        if not self.frames:
            return "0 frames"
        rate = self.frames / max(self.seconds, 1e-9)
        failed = f" ({self.failed} failed)" if self.failed else ""
        model = "" if self.model_ms is None else f", model p50 {self.model_ms:.3g} ms"
        plural = "" if self.frames == 1 else "s"
        return f"{self.frames} frame{plural}{failed}, {rate:.1f} frames/s{model}"


class Meter:
    """Counts on the loop's thread; may be read on any.

    frames   scored and failed ones
    failed   those that were no pictures
    emitted  those that sinks were given
    """

    def __init__(self) -> None:
        self.frames = 0
        self.failed = 0
        self.emitted = 0
        self._began = 0.0
        self._invokes: deque[float] = deque(maxlen=_REMEMBERED)
        self._latencies: deque[float] = deque(maxlen=_REMEMBERED)

    def invoked(self, seconds: float) -> None:
        """The model took so long."""
        self._invokes.append(seconds)

    def done(self, scored: Scored, *, emitted: bool) -> None:
        """A frame was scored, or failed, and told."""
        now = time.monotonic()
        self._began = self._began or now
        self.frames += 1
        self.failed += scored.probabilities is None
        self.emitted += emitted
        self._latencies.append(now - scored.frame.monotonic)

    def summary(self) -> Summary:
        """What was done so far."""
        seconds = time.monotonic() - self._began if self._began else 0.0
        model = median(self._invokes) * 1000 if self._invokes else None
        return Summary(self.frames, self.failed, seconds, model)
