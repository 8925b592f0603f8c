"""What labelled pictures look like before they are decoded: size and colour, by their headers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

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
    if isinstance(data.images, np.ndarray):
        height, width, *channels = data.images.shape[1:]
        yield Look(height, width, channels in ([], [1]))
        return
    with ThreadPoolExecutor() as threads:
        yield from threads.map(lambda index: _header(data, index), range(len(data)))


def _header(data: Dataset, index: int) -> Look:
    try:
        with data.opened(index) as file, Image.open(file) as picture:
            turned = picture.getexif().get(_ORIENTATION, 1) >= 5
            width, height = picture.size[::-1] if turned else picture.size
            return Look(height, width, picture.mode in _GRAY_MODES)
    except (OSError, Image.DecompressionBombWarning):
        data.pixels(index)  # raises DataError naming the file and what is wrong with it
        raise
