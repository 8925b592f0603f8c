"""IDX files and .npz archives, whose images are arrays in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore import idx, npz
from litescore.contract import read_labels
from litescore.dataset.labelled import Dataset, Labels
from litescore.dataset.rows import checked
from litescore.errors import ContractError, DataError


@dataclass(frozen=True)
class Idx:
    """The pairs `train-images-idx3-ubyte[.gz]` and `t10k-...` in a folder."""

    root: Path
    parts: tuple[str, ...] = ("train", "test")

    def part(self, split: str, *, seed: int = 0) -> Dataset:
        """See `Source.part`."""
        del seed
        if split == "all":
            return _joined(self.part("train"), self.part("test"))
        images, numbers = idx.read_pair(self.root, split)
        labels = _labels_beside(self.root) or idx.known_labels(numbers) or _numbered(numbers)
        return checked(
            Dataset(self.root.name, split, labels, numbers.astype(np.int64), images), str(self.root)
        )


@dataclass(frozen=True)
class Npz:
    """An archive of `x_train, y_train, x_test, y_test`; `name` is the data set's."""

    path: Path
    name: str
    parts: tuple[str, ...] = ("train", "test")

    def part(self, split: str, *, seed: int = 0) -> Dataset:
        """See `Source.part`."""
        del seed
        if split == "all":
            return _joined(self.part("train"), self.part("test"))
        images, numbers = npz.read_pair(self.path, split)
        labels = _labels_beside(self.path.parent) or idx.known_labels(numbers.astype(np.uint8))
        return checked(
            Dataset(self.name, split, labels or _numbered(numbers), numbers, images), self.name
        )


def _joined(first: Dataset, second: Dataset) -> Dataset:
    classes = np.concatenate([first.classes, second.classes])
    images = np.concatenate([np.asarray(first.images), np.asarray(second.images)])
    return Dataset(first.name, "all", first.labels, classes, images)


def _labels_beside(folder: Path) -> Labels | None:
    path = folder / "labels.txt"
    try:
        return read_labels(path) if path.exists() else None
    except ContractError as error:
        raise DataError(str(error)) from error


def _numbered(numbers: NDArray[np.integer[Any]]) -> Labels:
    return tuple(str(number) for number in range(int(numbers.max(initial=0)) + 1))
