"""Whether a confidence means what it says: of the images scored 0.8, are 80 % right?

Knows numbers only: no model, no image, no picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litescore.errors import DataError

BINS = 15


@dataclass(frozen=True)
class Bin:
    """The images whose confidence lies in (low, high]: how many, how sure, how often right.

    `confidence` and `accuracy` are means over the bin, 0..1; both 0.0 where it holds no image.
    """

    low: float
    high: float
    count: int
    confidence: float = 0.0
    accuracy: float = 0.0

    @property
    def gap(self) -> float:
        """Confidence less accuracy, -1..1: above 0 the model is surer than it is right."""
        return self.confidence - self.accuracy


@dataclass(frozen=True)
class Reliability:
    """Confidence held against accuracy over `count` images.

    bins        of equal width from 0 to 1, lowest first, the empty ones too
    ece         expected calibration error, 0 (each bin as right as it is sure) to 1
    confidence  mean over all images, 0..1
    accuracy    share of images that are right, 0..1
    """

    bins: tuple[Bin, ...]
    ece: float
    confidence: float
    accuracy: float
    count: int


def reliability(
    probabilities: NDArray[np.float32], classes: NDArray[np.int64], bins: int = BINS
) -> Reliability:
    """Bin the images by the probability of their best class, and see how many of each are right.

    probabilities  float32[n, classes], 0..1; a tie goes to the lowest index
    classes        int64[n], the true ones
    bins           how many of equal width, as in Guo, Pleiss, Sun, Weinberger: On Calibration of
                   Modern Neural Networks (ICML 2017), equations 2, 3 and 5: the m-th holds the
                   confidences in ((m - 1) / bins, m / bins], and the expected calibration error
                   is the mean of |accuracy - confidence| over bins, weighted by their images

    Raises DataError without images.
    """
    if not len(classes):
        raise DataError("no images to hold the confidence against: give some with --data")
    best = probabilities.argmax(axis=1)
    sure = probabilities[np.arange(len(best)), best].astype(np.float64)
    right = best == classes
    members = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    found = tuple(_bin(number, bins, sure, right, members == number) for number in range(bins))
    ece = sum(one.count * abs(one.gap) for one in found) / len(classes)
    return Reliability(found, ece, float(sure.mean()), float(right.mean()), len(classes))


def _bin(
    number: int,
    bins: int,
    sure: NDArray[np.float64],
    right: NDArray[np.bool_],
    inside: NDArray[np.bool_],
) -> Bin:
    low, high, count = number / bins, (number + 1) / bins, int(inside.sum())
    if not count:
        return Bin(low, high, 0)
    return Bin(low, high, count, float(sure[inside].mean()), float(right[inside].mean()))
