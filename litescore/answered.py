"""What a model answered to many images, as counts: each label how often, and how sure it was.

The file keeps them of its test images, so that later images can be held against those. Knows
numbers only: no model, no image, no record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of the probability of the best label: [0, 0.05), [0.05, 0.1), ... and the last with 1 in it.
STEPS = 20


@dataclass(frozen=True)
class Answered:
    """How often each label was the best, and how probable the best one was.

    labels       name -> images, >= 0; names without images may be missing
    confidences  images by the probability of their best label, in STEPS equal steps from 0 to 1
    confidence   mean of that probability, 0..1; 0.0 without images
    """

    labels: Mapping[str, int]
    confidences: tuple[int, ...]
    confidence: float

    @property
    def n(self) -> int:
        """Images in all."""
        return sum(self.confidences)


def step(score: float) -> int:
    """In which of the STEPS a probability 0..1 lies, from 0 on."""
    return max(0, min(int(score * STEPS), STEPS - 1))


def facts(probabilities: NDArray[np.float32]) -> dict[str, Any]:
    """What a contract's `accuracy` keeps of float32[n, classes], each 0..1: `predicted` (images by
    best label, in the order of the labels; a tie goes to the first), `confidences` and `confidence`.
    """
    classes = probabilities.shape[1]
    best = probabilities.argmax(axis=1)
    # The decimals that records bear, lest an image lies in one step here and in another there.
    sure = [float(str(one)) for one in probabilities.max(axis=1)]
    steps = np.bincount([step(one) for one in sure], minlength=STEPS)
    return {
        "predicted": np.bincount(best, minlength=classes).tolist(),
        "confidences": steps.tolist(),
        "confidence": float(np.mean(sure)) if sure else 0.0,
    }


def of_test(accuracy: Mapping[str, Any], labels: Sequence[str]) -> Answered | None:
    """What `accuracy` says of the test images; None where it says nothing that fits these labels:
    a file from before this was kept, or one of which nobody measured anything.
    """
    predicted = _counts(accuracy.get("predicted"), len(labels))
    steps, mean = _counts(accuracy.get("confidences"), STEPS), accuracy.get("confidence")
    if not predicted or sum(predicted) != sum(steps):
        return None
    if not isinstance(mean, int | float) or not 0 <= mean <= 1:
        return None
    return Answered(dict(zip(labels, predicted, strict=True)), steps, float(mean))


def _counts(value: object, length: int) -> tuple[int, ...]:
    """So many whole numbers from 0 on, not all of them 0; () where it is anything else."""
    if not isinstance(value, list | tuple) or len(value) != length or not any(value):
        return ()
    fit = all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in value)
    return tuple(value) if fit else ()
