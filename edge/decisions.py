"""From the probabilities of frame after frame to one decision that does not flicker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.contract import Contract

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the frames so far come to.

    label     a class, or `unknown` where none is sure enough
    score     its smoothed probability, 0..1; of `unknown` the best class's
    since     monotonic seconds of the frame that brought it
    changed   whether that was this frame
    previous  the label before it; None of the first
    """

    label: str
    score: float
    since: float
    changed: bool
    previous: str | None

    def to_json(self) -> dict[str, Any]:
        """What a record says of it."""
        return {
            "label": self.label,
            "score": round(self.score, 6),
            "since": round(self.since, 6),
            "changed": self.changed,
            "previous": self.previous,
        }


class Decider:
    """Makes one decision of frame after frame."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._held: Decision | None = None

    def decide(self, probabilities: NDArray[np.float32], monotonic: float) -> Decision:
        """The decision after a frame of float32[classes] at monotonic seconds."""
        best = int(probabilities.argmax())
        label, held = self._contract.labels[best], self._held
        changed = held is None or held.label != label
        self._held = Decision(
            label,
            float(probabilities[best]),
            monotonic if changed or held is None else held.since,
            changed,
            held.label if held is not None and changed else held.previous if held else None,
        )
        return self._held
