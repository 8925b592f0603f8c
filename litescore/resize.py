"""A picture brought to the model's size, as the contract says.

It knows pictures of mode `L` and `RGB`; decoding and colour are `litescore.image`'s.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore.contract import Contract

Size: TypeAlias = tuple[int, int]  # width, height
Box: TypeAlias = tuple[float, float, float, float]  # left, upper, right, lower


class Part(NamedTuple):
    """What of a picture the model sees, and the size in pixels that it becomes.

    box  in whole pixels of the picture as its file has it; in parts of pixels once it is scaled
    """

    box: Box
    size: Size

    @property
    def reserve(self) -> float:
        """By how much the picture may shrink and have twice the pixels that are wanted, each way."""
        left, upper, right, lower = self.box
        return min((right - left) / self.size[0], (lower - upper) / self.size[1]) / 2

    def scaled(self, scale: int, shift: tuple[float, float]) -> Part:
        """The same of the picture at a fraction of its size, moved to the right and down."""
        (right, down), box = shift, [edge / scale for edge in self.box]
        moved = (box[0] + right, box[1] + down, box[2] + right, box[3] + down)
        return Part(moved, self.size)


def part(have: Size, contract: Contract) -> Part:
    """What a model of that contract sees of an upright picture of that size."""
    want = (contract.width, contract.height)
    if contract.resize == "fit-longest":
        return Part((0, 0, *have), _inside(have, want))
    return Part(_middle(have, want) if contract.resize == "fit-shortest" else (0, 0, *have), want)


def resize(picture: Image.Image, contract: Contract, seen: Part | None = None) -> Image.Image:
    """A picture in mode `L` or `RGB` -> one of the contract's size, by its resize and interpolation.

    seen  what of the picture counts, where its size is not its file's
    """
    seen = seen or part(picture.size, contract)
    size = (contract.width, contract.height)
    inside = _scale(picture, seen, contract.interpolation)
    if contract.resize != "fit-longest":
        return inside
    # What the view inverts is inverted last, the padding too: the model sees the contract's.
    padding = 255 - contract.padding if contract.view.invert else contract.padding
    canvas = Image.new(picture.mode, size, _grey(padding, picture.mode))
    canvas.paste(inside, ((size[0] - inside.width) // 2, (size[1] - inside.height) // 2))
    return canvas


def _grey(value: int, mode: str) -> int | tuple[int, int, int]:
    return value if mode == "L" else (value, value, value)


def _inside(have: Size, want: Size) -> Size:
    """The largest size within the wanted one that has the picture's shape, one pixel at least."""
    scale = min(want[0] / have[0], want[1] / have[1])
    return max(1, round(have[0] * scale)), max(1, round(have[1] * scale))


def _middle(have: Size, want: Size) -> Box:
    """The largest box of the wanted shape in the middle of the picture, in whole pixels, as Keras'
    `crop_to_aspect_ratio` cuts it.
    """
    width = max(1, min(have[0], have[1] * want[0] // want[1]))
    height = max(1, min(have[1], have[0] * want[1] // want[0]))
    left, upper = (have[0] - width) // 2, (have[1] - height) // 2
    return left, upper, left + width, upper + height


def _scale(picture: Image.Image, seen: Part, interpolation: str) -> Image.Image:
    if interpolation == "bilinear-antialias":
        return picture.resize(seen.size, Image.Resampling.BILINEAR, seen.box)
    return _scale_without_antialias(picture, seen)


def _scale_without_antialias(picture: Image.Image, seen: Part) -> Image.Image:
    """tf.image.resize(antialias=False) of the box: two neighbours each way, half-pixel centres."""
    values = np.asarray(picture).reshape(picture.height, picture.width, -1)
    left, right, across = _neighbours(seen.size[0], seen.box[0], seen.box[2])
    upper, lower, down = _neighbours(seen.size[1], seen.box[1], seen.box[3])
    above = _between(values[np.ix_(upper, left)], values[np.ix_(upper, right)], across)
    below = _between(values[np.ix_(lower, left)], values[np.ix_(lower, right)], across)
    mixed = np.rint(_between(above, below, down[:, None])).astype(np.uint8)
    return Image.fromarray(mixed[..., 0] if picture.mode == "L" else mixed)


def _neighbours(
    count: int, start: float, end: float
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
