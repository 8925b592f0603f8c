"""A picture brought to the model's size, as the contract says.

It knows pictures of mode `L` and `RGB`; decoding and colour are `litescore.image`'s.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore.contract import Contract

# left, upper, right, lower
Box: TypeAlias = tuple[int, int, int, int]


def resize(picture: Image.Image, contract: Contract) -> Image.Image:
    """A picture in mode `L` or `RGB` -> one of the contract's size, by its resize and interpolation."""
    size = (contract.width, contract.height)
    whole = (0, 0, *picture.size)
    if contract.resize == "fit-longest":
        inside = _inside(picture.size, size)
        canvas = Image.new(picture.mode, size, _grey(contract.padding, picture.mode))
        place = ((size[0] - inside[0]) // 2, (size[1] - inside[1]) // 2)
        canvas.paste(_scale(picture, inside, whole, contract.interpolation), place)
        return canvas
    box = _middle(picture.size, size) if contract.resize == "fit-shortest" else whole
    return _scale(picture, size, box, contract.interpolation)


def _grey(value: int, mode: str) -> int | tuple[int, int, int]:
    return value if mode == "L" else (value, value, value)


def _inside(have: tuple[int, int], want: tuple[int, int]) -> tuple[int, int]:
    """The largest size within the wanted one that has the picture's shape, one pixel at least."""
    scale = min(want[0] / have[0], want[1] / have[1])
    return max(1, round(have[0] * scale)), max(1, round(have[1] * scale))


def _middle(have: tuple[int, int], want: tuple[int, int]) -> Box:
    """The largest box of the wanted shape in the middle of the picture, in whole pixels, as Keras'
    `crop_to_aspect_ratio` cuts it.
    """
    width = max(1, min(have[0], have[1] * want[0] // want[1]))
    height = max(1, min(have[1], have[0] * want[1] // want[0]))
    left, upper = (have[0] - width) // 2, (have[1] - height) // 2
    return left, upper, left + width, upper + height


def _scale(
    picture: Image.Image, size: tuple[int, int], box: Box, interpolation: str
) -> Image.Image:
    if interpolation == "bilinear-antialias":
        return picture.resize(size, Image.Resampling.BILINEAR, box)
    return _scale_without_antialias(picture, size, box)


def _scale_without_antialias(picture: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """tf.image.resize(antialias=False) of the box: two neighbours each way, half-pixel centres."""
    values = np.asarray(picture).reshape(picture.height, picture.width, -1)
    left, right, across = _neighbours(size[0], box[0], box[2])
    upper, lower, down = _neighbours(size[1], box[1], box[3])
    above = _between(values[np.ix_(upper, left)], values[np.ix_(upper, right)], across)
    below = _between(values[np.ix_(lower, left)], values[np.ix_(lower, right)], across)
    mixed = np.rint(_between(above, below, down[:, None])).astype(np.uint8)
    return Image.fromarray(mixed[..., 0] if picture.mode == "L" else mixed)


def _neighbours(
    count: int, start: int, end: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For each of `count` points: the pixel before it, the pixel after it, its share of the way."""
    centres = start + (np.arange(count) + 0.5) * ((end - start) / count) - 0.5
    first = np.floor(centres).astype(np.intp)
    share = (centres - first).astype(np.float32)
    return np.clip(first, start, end - 1), np.clip(first + 1, start, end - 1), share


def _between(
    first: NDArray[Any], second: NDArray[Any], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    start = first.astype(np.float32)
    mixed: NDArray[np.float32] = start + (second - start) * share[..., None]
    return mixed
