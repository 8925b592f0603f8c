"""What a .tflite file scores on labelled images: the file itself, without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litescore import dataset
from litescore.dataset import Dataset
from litescore.scorer import Scorer

# Images decoded at a time, so that memory does not grow with the data set.
_SHARE = 2048


@dataclass(frozen=True)
class Evaluation:
    """Accuracy and recalls are shares 0..1; `confusion` is int64[classes, classes], a row a true
    class, a column a predicted one, in the model's order of labels.
    """

    accuracy: float
    n: int
    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    data: Dataset

    @property
    def recall(self) -> dict[str, float | None]:
        """Label -> share of its images that were found; None for a class without images."""
        totals = self.confusion.sum(axis=1)
        return {
            label: float(self.confusion[i, i] / totals[i]) if totals[i] else None
            for i, label in enumerate(self.labels)
        }


def evaluate(scorer: Scorer, data: str | Path, *, split: str = "test") -> Evaluation:
    """Score a split of the data set at `data`. Raises DataError for data the model cannot take."""
    images = dataset.load(data, split)
    labels = scorer.contract.labels
    classes = images.classes_for(labels)
    best = predict(scorer, images)
    counts = confusion(best, classes, len(labels))
    return Evaluation(float((best == classes).mean()), len(images), labels, counts, images)


def predict(scorer: Scorer, images: Dataset) -> NDArray[np.int64]:
    """int64[n]: the best class of each image, a tie going to the lowest index."""
    shares = (
        images.take(np.arange(start, min(start + _SHARE, len(images))))
        for start in range(0, len(images), _SHARE)
    )
    best = [scorer.probabilities(share.tensors(scorer.contract)).argmax(axis=1) for share in shares]
    return np.concatenate(best)


def confusion(
    predicted: NDArray[np.int64], classes: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """int64[count, count]: how many images of the row's class were taken for the column's."""
    counts = np.zeros((count, count), np.int64)
    np.add.at(counts, (classes, predicted), 1)
    return counts
