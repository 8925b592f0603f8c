"""From a data set on disk to what training needs: three parts, and the contract of the model.

Colour and size come from the training images unless they are given. Knows nothing of models.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from litescore import dataset
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import DataError

# Where images differ in size, or are photographs larger than any small classifier wants.
DEFAULT_SIZE = 224
LARGEST_OWN_SIZE = 512

_GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
_ORIENTATION = 0x0112  # EXIF 2.32, table 4; 5 to 8 swap width and height


@dataclass(frozen=True)
class Splits:
    """The images to learn from, to watch the training with (or none), and to judge by.

    source  all training images as they were found, whose digest names the data
    """

    source: Dataset
    train: Dataset
    validation: Dataset | None
    test: Dataset


def load(root: Path, fraction: float, *, seed: int) -> Splits:
    """Training, validation and test images of the data set at `root`.

    A validation part of its own is used where there is one, else `fraction` of each class is drawn
    by `seed`. A folder with `train` and `val` but no `test` is judged by `val`.
    Raises DataError as `litescore.dataset.load` does, and for images too many to hold.
    """
    source = dataset.load(root, "train")
    own = _class_part(root, "val", source)
    test = _class_part(root, "test", source) if own else None
    test = test or own or _aligned(dataset.load(root, "test"), source)
    if own is not None and test is not own:
        return Splits(source, source, own, test)
    train, validation = dataset.split_off(source, fraction, seed=seed)
    if fraction == 0 or len(validation) == 0:
        train, validation = source, None
    return Splits(source, train, validation, test)


def contract_for(train: Dataset, *, color: str | None, size: int | None) -> Contract:
    """How these images become tensors: `color` and `size` where given, else the images' own.

    Raises DataError naming a file that is no image.
    """
    heights, widths, grays = zip(*_looks(train), strict=True)
    color = color or ("gray" if all(grays) else "rgb")
    height, width = (size, size) if size else _uniform(set(zip(heights, widths, strict=True)))
    return Contract(train.labels, color, height, width)


def check_memory(splits: Splits, contract: Contract) -> None:
    """Raise DataError where the tensors would not fit in half of this machine's memory."""
    parts = (splits.train, splits.validation, splits.test)
    count = sum(len(part) for part in parts if part is not None)
    needed = count * contract.height * contract.width * contract.channels
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory / 2:
        raise DataError(
            f"{count:,} images of {contract.width} x {contract.height} {contract.color} pixels "
            f"need {needed / 1e9:.1f} GB, this machine has {memory / 1e9:.1f}: "
            "give a smaller --size or fewer images"
        )


def _class_part(root: Path, split: str, source: Dataset) -> Dataset | None:
    """`root/<split>/<class>/*`, where both it and `root/train` are there."""
    if not (root / "train").is_dir() or not (root / split).is_dir():
        return None
    return _aligned(dataset.load(root, split), source)


def _aligned(part: Dataset, source: Dataset) -> Dataset:
    return replace(part, labels=source.labels, classes=part.classes_for(source.labels))


def _looks(data: Dataset) -> Iterable[tuple[int, int, bool]]:
    """(height, width, is gray) of each image, files read by their headers only."""
    if isinstance(data.images, np.ndarray):
        height, width, *channels = data.images.shape[1:]
        return [(height, width, channels in ([], [1]))]
    return _headers(data)


def _headers(data: Dataset) -> Iterator[tuple[int, int, bool]]:
    with ThreadPoolExecutor() as threads:
        yield from threads.map(lambda index: _header(data, index), range(len(data)))


def _header(data: Dataset, index: int) -> tuple[int, int, bool]:
    try:
        with Image.open(str(data.images[index])) as picture:
            turned = picture.getexif().get(_ORIENTATION, 1) >= 5
            width, height = picture.size[::-1] if turned else picture.size
            return height, width, picture.mode in _GRAY_MODES
    except (OSError, UnidentifiedImageError, Image.DecompressionBombWarning):
        data.pixels(index)  # raises DataError naming the file and what is wrong with it
        raise


def _uniform(sizes: set[tuple[int, int]]) -> tuple[int, int]:
    size = sizes.pop()
    if sizes or max(size) > LARGEST_OWN_SIZE:
        return DEFAULT_SIZE, DEFAULT_SIZE
    return size
