"""Two readings of the same images, held against each other: the one way there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litescore.scorer import Probabilities


@dataclass(frozen=True)
class Comparison:
    """Two readings of the same images, held against each other.

    n           images
    farthest    largest difference of one probability
    verdict     `identical`, `within one step` or `different`
    ties        images whose best probability is shared by several classes in either reading;
                left out of what follows
    same        images with the same best class
    differing   indices of the others
    """

    n: int
    farthest: float
    verdict: str
    ties: int
    same: int
    differing: tuple[int, ...]

    @property
    def agreement(self) -> float:
        """Share of the untied images with the same best class, 0..1."""
        untied = self.n - self.ties
        return self.same / untied if untied else 1.0


def compare(left: Probabilities, right: Probabilities, *, step: float) -> Comparison:
    """Hold two float32[n, classes] against each other; `step` is one quantization step.

    An int8 softmax has steps of 1/256, so that ties are common: a tie says nothing about whether
    two runtimes agree. Raises ValueError for different shapes.
    """
    if left.shape != right.shape:
        raise ValueError(f"cannot compare {left.shape} with {right.shape}")
    difference = np.abs(left.astype(np.float64) - right.astype(np.float64))
    farthest = float(difference.max(initial=0.0))
    verdict = "different"
    if farthest == 0:
        verdict = "identical"
    elif farthest <= step * 1.001:  # a step read back from float32 is a hair off
        verdict = "within one step"
    tied = _tied(left) | _tied(right)
    agree = left.argmax(axis=1) == right.argmax(axis=1)
    differing = tuple(int(i) for i in np.flatnonzero(~tied & ~agree))
    return Comparison(
        len(left), farthest, verdict, int(tied.sum()), int((~tied & agree).sum()), differing
    )


def _tied(values: Probabilities) -> NDArray[np.bool_]:
    best = values.max(axis=1, keepdims=True)
    tied: NDArray[np.bool_] = (values == best).sum(axis=1) > 1
    return tied
