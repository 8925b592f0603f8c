"""The temperature that makes a model's confidence mean something.

Divided by it, logits give probabilities that are as likely as possible on images that the model
has not learned from; the order of the classes stays. Knows numbers only, no TensorFlow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from litescore.errors import DataError, ModelError

COLDEST, HOTTEST = 0.05, 20.0
# Halvings of the interval between the two: far below what float32 logits can tell apart.
_STEPS = 50


def fit_temperature(logits: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
    """The temperature 0.05..20 with the smallest negative log likelihood; 1.0 changes nothing.

    logits   float32[n, classes] before a softmax, or float32[n, 1] before a sigmoid
    classes  int64[n], the true ones; 0 or 1 for a sigmoid

    A bound is the answer where the optimum lies beyond it: images that are all right want
    certainty, chance wants none. The same input gives the same answer. Raises DataError without
    images, ModelError for logits that are not finite.
    """
    if not len(classes):
        raise DataError("no images to fit a temperature on: give some with --data")
    if not np.isfinite(logits).all():
        raise ModelError("the model's logits are not all finite: no temperature can mend them")
    rows = _two_columns(logits.astype(np.float64))
    # The likelihood is convex in 1 / temperature, so its slope changes sign once.
    low, high = np.log(1 / HOTTEST), np.log(1 / COLDEST)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _slope(rows, classes, np.exp(middle)) > 0:
            high = middle
        else:
            low = middle
    return float(np.exp(-(low + high) / 2))


def is_bound(temperature: float) -> bool:
    """Whether the optimum lies at a bound or beyond it, so that the images do not tell it."""
    return not COLDEST * 1.001 < temperature < HOTTEST * 0.999


def _two_columns(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sigmoid of z is the second of a softmax over (0, z)."""
    if logits.shape[1] > 1:
        return logits
    return np.concatenate([np.zeros_like(logits), logits], axis=1)


def _slope(rows: NDArray[np.float64], classes: NDArray[np.int64], inverse: float) -> float:
    """How the mean negative log likelihood changes with 1 / temperature."""
    scaled = rows * inverse
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    expected = (weights * rows).sum(axis=1) / weights.sum(axis=1)
    return float((expected - rows[np.arange(len(rows)), classes]).mean())
