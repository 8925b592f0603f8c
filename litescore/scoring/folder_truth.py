"""How often the label of a scored image is the name of the folder it lies in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

# Pairs of classes that a person is told of.
_SHOWN = 10


class FolderTruth:
    """Counts scored images against the folders they lie in, in a shard or outside.

    Those in folders that no class is named after are counted apart.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._index = {label: number for number, label in enumerate(self._labels)}
        self._elsewhere: Counter[str] = Counter()
        # int64[true class, label given]
        self.confusion = np.zeros((len(labels), len(labels)), np.int64)

    def count(self, source: str, member: str | None, label: str | None) -> None:
        """Count one image by its record's fields; one without a label counts for nothing."""
        if label is None:
            return
        folder = (member or source).replace("\\", "/").rpartition("/")[0].rpartition("/")[2]
        if folder in self._index:
            self.confusion[self._index[folder], self._index[label]] += 1
        else:
            self._elsewhere[folder] += 1

    def add(self, other: FolderTruth) -> None:
        """What another process counted, for the same labels."""
        self.confusion += other.confusion
        self._elsewhere += other._elsewhere

    @property
    def n(self) -> int:
        """Images counted."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float | None:
        """The share 0..1 of those that have their folder's name for a label; None of none."""
        return float(self.confusion.trace() / self.n) if self.n else None

    def as_json(self) -> dict[str, object]:
        """Accuracy and counts as plain JSON values; a row of `confusion` is a folder."""
        return {
            "accuracy": self.accuracy,
            "n": self.n,
            "labels": list(self._labels),
            "confusion": self.confusion.tolist(),
            "elsewhere": dict(self._elsewhere),
        }

    def sentences(self) -> list[str]:
        """Lines for a person: accuracy, then which classes were taken for which, most first."""
        if not self.n:
            names = ", ".join(self._labels[:5])
            return [f"no scored image lies in a folder named after a class ({names}...)"]
        lines = [f"accuracy {self.accuracy:.4f} over {self.n:,} images", *self._mistaken()]
        if self._elsewhere:
            folders = ", ".join(sorted(self._elsewhere)[:5])
            number = self._elsewhere.total()
            lines.append(f"{number:,} images in folders that no class is named after: {folders}")
        return lines

    def _mistaken(self) -> list[str]:
        wrong = self.confusion - np.diag(self.confusion.diagonal())
        order = np.argsort(-wrong, axis=None, kind="stable")[:_SHOWN]
        pairs = [divmod(int(place), len(self._labels)) for place in order]
        return [
            f"  {self._labels[true]} taken for {self._labels[given]}: {wrong[true, given]:,}"
            for true, given in pairs
            if wrong[true, given]
        ]
