"""From a data set on disk to what training needs: tensors in three parts, and the contract.

Colour and size come from the training images unless they are given. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litescore import dataset, memory
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import DataError, PermanentError, UsageError
from litescore.looks import Look, looks
from litescore.view import WHOLE, View

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
    judged  the test images as they were found, in the order of `test`; None where nobody asks
    """

    source: Dataset
    contract: Contract
    train: Examples
    validation: Examples | None
    test: Examples
    own: bool
    judged: Dataset | None = None

    def __str__(self) -> str:
        watched = f"{len(self.validation):,} validation" if self.validation else "no validation"
        shape = f"{self.contract.width} x {self.contract.height} {self.contract.color}"
        view = "" if self.contract.view == WHOLE else f", seen by {self.contract.view}"
        return (
            f"{len(self.train):,} training, {watched} and {len(self.test):,} test images, "
            f"{shape} pixels{view}, {len(self.contract.labels)} classes"
        )


def load(
    root: str | Path,
    fraction: float,
    *,
    seed: int,
    color: str | None = None,
    size: int | None = None,
    view: View = WHOLE,
) -> Splits:
    """Training, validation and test images of the data set at `root`, decoded and fitted.

    A validation part of its own is used where there is one, else `fraction` of each
    class is drawn by `seed` (none for 0). `color`, `size` and `view` are as for `contract_for`.
    Raises DataError as `litescore.dataset.load` does, for a file that is no image, and for more
    than memory holds; UsageError for a view of arrays.
    """
    found = dataset.source(root)
    source, test = found.part("train"), found.part("test")
    own = {"train", "val"} <= set(found.parts)
    train, validation = source, found.part("val") if own else None
    if fraction and not own:
        train, validation = dataset.split_off(source, fraction, seed=seed)
    contract = contract_for(source, color=color, size=size, view=view)
    _check_memory(sum(len(part) for part in (train, validation, test) if part), contract)
    watched = _examples(validation, contract) if validation else None
    return Splits(
        source, contract, _examples(train, contract), watched, _examples(test, contract), own, test
    )


def contract_for(
    train: Dataset, *, color: str | None, size: int | None, view: View = WHOLE
) -> Contract:
    """How these images become tensors: `color` and `size` where given, else the images' own, as far
    as they are seen through `view`.

    Raises DataError naming a file that is no image or that the view's region lies outside of,
    UsageError for a view of arrays.
    """
    if view != WHOLE and isinstance(train.images, np.ndarray):
        raise UsageError(
            f"{train.name} holds arrays, which no camera gave: {view} is for folders of its "
            "pictures; `litescore describe` gives it to the exported model"
        )
    found = list(looks(train))
    color = color or ("gray" if all(look.gray for look in found) else "rgb")
    sizes = set(_seen(train, found, view))
    height, width = (size, size) if size else _uniform(sizes)
    # Here training sees what scoring will: nothing is lost by it. Arrays were never JPEGs here.
    jpeg = "full" if isinstance(train.images, np.ndarray) else "scaled"
    return Contract(train.labels, color, height, width, jpeg=jpeg, view=view)


def _seen(train: Dataset, found: Sequence[Look], view: View) -> Iterator[tuple[int, int]]:
    """(height, width) of what the model sees of each picture."""
    for number, look in enumerate(found):
        try:
            left, top, right, bottom = view.box(view.turned((look.width, look.height)))
        except PermanentError as error:
            raise DataError(f"cannot use {train.images[number]}: {error.reason}") from error
        yield bottom - top, right - left


def _examples(data: Dataset, contract: Contract) -> Examples:
    return Examples(data.tensors(contract), data.classes_for(contract.labels))


def _check_memory(count: int, contract: Contract) -> None:
    needed = count * contract.height * contract.width * contract.channels
    there = memory.allowed()
    # They are held twice for a moment, when TensorFlow takes them over.
    if there is not None and needed > there / 2:
        raise DataError(
            f"{count:,} images of {contract.width} x {contract.height} {contract.color} pixels "
            f"need {needed / 1e9:.1f} GB, this machine has {there / 1e9:.1f}: "
            "give a smaller --size or fewer images"
        )


def _uniform(sizes: set[tuple[int, int]]) -> tuple[int, int]:
    return sizes.pop() if len(sizes) == 1 else (DEFAULT_SIZE, DEFAULT_SIZE)
