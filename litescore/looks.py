"""What labelled pictures look like before they are decoded: size and colour, by their headers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from litescore.dataset import Dataset

_GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
_ORIENTATION = 0x0112  # EXIF 2.32, table 4; 5 to 8 swap width and height


class Look(NamedTuple):
    """Size in pixels once upright, and whether the picture has no colour."""

    height: int
    width: int
    gray: bool


def looks(data: Dataset) -> Iterator[Look]:
    """One for each picture, in order; pictures in one array share one.

    Raises DataError naming a file that is no picture.
    """
    if data.holds_arrays:
        yield of_arrays(data)
        return
    with ThreadPoolExecutor() as threads:
        yield from threads.map(lambda index: _header(data, index), range(len(data)))


def of_arrays(data: Dataset) -> Look:
    """What all pictures of a data set look like that holds them in one array."""
    height, width, *channels = np.asarray(data.images).shape[1:]
    return Look(height, width, channels in ([], [1]))


def of_file(file: BinaryIO) -> Look:
    """What one picture file looks like. Raises OSError or Image.DecompressionBombWarning for one that
    Pillow does not open.
    """
    with Image.open(file) as picture:
        turned = picture.getexif().get(_ORIENTATION, 1) >= 5
        width, height = picture.size[::-1] if turned else picture.size
        return Look(height, width, picture.mode in _GRAY_MODES)


def _header(data: Dataset, index: int) -> Look:
    try:
        with data.opened(index) as file:
            return of_file(file)
    except (OSError, Image.DecompressionBombWarning):
        data.pixels(index)  # raises DataError naming the file and what is wrong with it
        raise
