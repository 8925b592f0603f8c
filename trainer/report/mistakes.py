"""Which test images are worth a look: wrong and sure of it, right but barely. Numbers only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def surest_wrong(
    probabilities: NDArray[np.float32], classes: NDArray[np.int64], most: int
) -> Indices:
    """int64[<= most]: the images that are taken for another class, the most confident first.

    probabilities are float32[n, classes], classes int64[n].
    """
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != classes)
    return _by(-probabilities[wrong].max(axis=1), wrong, most)


def barely_right(
    probabilities: NDArray[np.float32], classes: NDArray[np.int64], most: int
) -> Indices:
    """int64[<= most]: the images that are classified rightly, the least confident first."""
    right = np.flatnonzero(probabilities.argmax(axis=1) == classes)
    return _by(probabilities[right].max(axis=1), right, most)


def _by(order: NDArray[np.float32], indices: Indices, most: int) -> Indices:
    chosen: Indices = indices[np.argsort(order, kind="stable")[:most]]
    return chosen
