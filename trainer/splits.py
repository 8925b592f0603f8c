"""From a data set on disk to what training needs: tensors in three parts, and the contract.

Colour and size come from the training images unless they are given. Knows nothing of models.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litescore import dataset
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import DataError
from litescore.looks import looks

# Where images differ in size.
DEFAULT_SIZE = 224


@dataclass(frozen=True)
class Examples:
    """Images and their classes: tensors uint8[n, h, w, c], classes int64[n]."""

    tensors: NDArray[np.uint8]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True)
class Splits:
    """The images to learn from, to watch the training with (or none), and to judge by.

    source  all training images as they were found, whose digest names the data
    own     the data set has validation images of its own; else they were drawn from `source`
    """

    source: Dataset
    contract: Contract
    train: Examples
    validation: Examples | None
    test: Examples
    own: bool

    def __str__(self) -> str:
        watched = f"{len(self.validation):,} validation" if self.validation else "no validation"
        shape = f"{self.contract.width} x {self.contract.height} {self.contract.color}"
        return (
            f"{len(self.train):,} training, {watched} and {len(self.test):,} test images, "
            f"{shape} pixels, {len(self.contract.labels)} classes"
        )


def load(
    root: Path, fraction: float, *, seed: int, color: str | None = None, size: int | None = None
) -> Splits:
    """Training, validation and test images of the data set at `root`, decoded and fitted.

    A validation part of its own (`root/val`) is used where there is one, else `fraction` of each
    class is drawn by `seed` (none for 0). `color` and `size` are as for `contract_for`. Raises DataError as
    `litescore.dataset.load` does, for a file that is no image, and for more than memory holds.
    """
    source = dataset.load(root, "train")
    test = dataset.load(root, "test")
    own = (root / "train").is_dir() and (root / "val").is_dir()
    train, validation = source, dataset.load(root, "val") if own else None
    if fraction and not own:
        train, validation = dataset.split_off(source, fraction, seed=seed)
    contract = contract_for(source, color=color, size=size)
    _check_memory(sum(len(part) for part in (train, validation, test) if part), contract)
    watched = _examples(validation, contract) if validation else None
    return Splits(
        source, contract, _examples(train, contract), watched, _examples(test, contract), own
    )


def contract_for(train: Dataset, *, color: str | None, size: int | None) -> Contract:
    """How these images become tensors: `color` and `size` where given, else the images' own.

    Raises DataError naming a file that is no image.
    """
    heights, widths, grays = zip(*looks(train), strict=True)
    color = color or ("gray" if all(grays) else "rgb")
    height, width = (size, size) if size else _uniform(set(zip(heights, widths, strict=True)))
    # Here training sees what scoring will: nothing is lost by it. Arrays were never JPEGs here.
    jpeg = "full" if isinstance(train.images, np.ndarray) else "scaled"
    return Contract(train.labels, color, height, width, jpeg=jpeg)


def _examples(data: Dataset, contract: Contract) -> Examples:
    return Examples(data.tensors(contract), data.classes_for(contract.labels))


def _check_memory(count: int, contract: Contract) -> None:
    needed = count * contract.height * contract.width * contract.channels
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # They are held twice for a moment, when TensorFlow takes them over.
    if needed > memory / 2:
        raise DataError(
            f"{count:,} images of {contract.width} x {contract.height} {contract.color} pixels "
            f"need {needed / 1e9:.1f} GB, this machine has {memory / 1e9:.1f}: "
            "give a smaller --size or fewer images"
        )


def _uniform(sizes: set[tuple[int, int]]) -> tuple[int, int]:
    return sizes.pop() if len(sizes) == 1 else (DEFAULT_SIZE, DEFAULT_SIZE)
