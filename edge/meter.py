"""What the loop counts and times: frames, failures, latencies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.scored import Scored

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
# "Now" is so many seconds long.
_LATELY = 10.0


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


class Recent:
    """The last 4,096 of a row of numbers. Added to on one thread, read on any."""

    def __init__(self) -> None:
        self._values = np.full(4096, np.nan)
        self._count = 0

    def add(self, value: float) -> None:
        """The oldest of 4,096 gives way to it."""
        self._values[self._count % 4096] = value
        self._count += 1

    def values(self) -> NDArray[np.float64]:
        """float64[n], in no order."""
        return self._values[: self._count].copy()


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
        self._ended = Recent()
        self._invokes = Recent()
        self._latencies = Recent()

    def invoked(self, seconds: float) -> None:
        """The model took so long."""
        self._invokes.add(seconds)

    def done(self, scored: Scored, *, emitted: bool) -> None:
        """A frame was scored, or failed, and told."""
        now = time.monotonic()
        self._began = self._began or scored.frame.monotonic
        self.frames += 1
        self.failed += scored.probabilities is None
        self.emitted += emitted
        self._ended.add(now)
        self._latencies.add(now - scored.frame.monotonic)

    @property
    def fps(self) -> float:
        """Frames a second of the last ten seconds."""
        since = time.monotonic() - _LATELY
        ended = self._ended.values()
        lately = ended[ended > since]
        if not len(lately):
            return 0.0
        # More than are remembered: then those tell of less than ten seconds.
        full = len(lately) == len(ended) and self._began < since
        seconds = time.monotonic() - (lately.min() if full else max(since, self._began))
        return len(lately) / max(seconds, 1e-9)

    def latency_ms(self) -> Mapping[str, float]:
        """Milliseconds from a frame's capture to its decision; {} before the first."""
        return quantiles(self._latencies)

    def invoke_ms(self) -> Mapping[str, float]:
        """Milliseconds that the model took; {} before the first frame."""
        return quantiles(self._invokes)

    def summary(self) -> Summary:
        """What was done so far."""
        seconds = time.monotonic() - self._began if self._began else 0.0
        return Summary(self.frames, self.failed, seconds, self.invoke_ms().get("p50"))


def quantiles(recent: Recent) -> Mapping[str, float]:
    """p50, p90 and p99 in milliseconds of seconds; {} of none."""
    values = recent.values()
    if not len(values):
        return {}
    found = np.quantile(values, list(_QUANTILES.values())) * 1000
    return dict(zip(_QUANTILES, found.tolist(), strict=True))
