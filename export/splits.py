"""The images an export needs: to calibrate with, to gate and choose by, and to report on once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from litescore import dataset
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import DataError
from litescore.looks import looks

# Where training held nothing back: enough to choose by, little enough to leave for calibration.
STAND_IN = 1 / 12
STAND_IN_SEED = 0


@dataclass(frozen=True)
class Splits:
    """Three parts of one data set; none holds an image of another.

    place  what they were read from
    whole  all training images as they were found, whose digest names the data
    notes  how the validation images were found, where a person should know
    """

    place: str
    whole: Dataset
    train: Dataset
    validation: Dataset
    test: Dataset
    notes: tuple[str, ...] = ()


def load(place: str, labels: tuple[str, ...], *, fraction: float = 0.0, seed: int = 0) -> Splits:
    """The images at `place` of a model with these labels.

    Validation images are those of its part `val`, else `fraction` of each training class drawn by
    `seed`; where that is 0 a twelfth stands in. Raises DataError for images of other classes, and
    for a class of the model without images.
    """
    found = dataset.source(place)
    whole, test = found.part("train"), found.part("test")
    notes = whole.notes
    if {"train", "val"} <= set(found.parts):
        train, validation = whole, found.part("val")
    elif fraction:
        train, validation = dataset.split_off(whole, fraction, seed=seed)
    else:
        train, validation = dataset.split_off(whole, STAND_IN, seed=STAND_IN_SEED)
        notes += (
            f"no validation images are known: {len(validation):,} training images stand in, which "
            "the model may have learned by heart",
        )
    for part in (train, validation, test):
        _check_classes(part, labels)
    return Splits(place, whole, train, validation, test, notes)


def check_color(data: Splits, contract: Contract) -> None:
    """Raises DataError when every picture is gray and the model's are not, or the reverse."""
    grays = {look.gray for look in looks(data.whole)}
    wanted = contract.color == "gray"
    if grays == {not wanted}:
        have, takes = ("colour", "gray") if wanted else ("gray", "colour")
        raise DataError(
            f"{data.whole.name} holds {have} pictures only, the model takes {takes} ones: give the "
            "pictures it was trained on, or --convert-color"
        )


def other_size(data: Splits, contract: Contract) -> tuple[int, int] | None:
    """(height, width) of the first picture that is not of the model's size, or None."""
    size = (contract.height, contract.width)
    for part in (data.whole, data.validation, data.test):
        for look in looks(part):
            if (look.height, look.width) != size:
                return look.height, look.width
    return None


def _check_classes(part: Dataset, labels: tuple[str, ...]) -> None:
    present = set(np.unique(part.classes_for(labels)).tolist())
    missing = [label for number, label in enumerate(labels) if number not in present]
    if missing:
        raise DataError(
            f"{part.name} has no {part.split} image of class {', '.join(map(repr, missing[:5]))}: "
            "give images of every class of the model"
        )
