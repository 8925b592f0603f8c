"""Small pictures of training and test images, as PNG bytes: one, or rows of what training saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore.drawing import few_colors
from litescore.image import encode_png

# Pixels a side, at most; smaller images are enlarged by whole factors in a montage.
SIDE = 96
_GAP = 4
_PAPER = 255


def tile(tensor: NDArray[np.uint8], *, cmap: str) -> bytes:
    """A PNG of uint8[h, w, 1 or 3], at most SIDE a side; `binary` draws black as white."""
    return _png(_fitted(_inked(tensor, cmap)))


def before_and_after(
    images: NDArray[np.uint8], seen: Sequence[NDArray[np.uint8]], *, cmap: str
) -> bytes:
    """A row an image: as it is, a gap, then as each of `seen` has it; all are uint8[n, h, w, c]."""
    rows = []
    for number, picture in enumerate(images):
        shown = [_large(_inked(one, cmap)) for one in (picture, *(step[number] for step in seen))]
        gap = _blank(shown[0], shown[0].shape[0], _GAP)
        cells = [shown[0], gap, gap, gap, *(part for one in shown[1:] for part in (gap, one))]
        row = np.concatenate(cells, axis=1)
        rows += [row, _blank(row, _GAP, row.shape[1])]
    return _png(np.concatenate(rows[:-1], axis=0))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    return few_colors(Image.fromarray(pixels)) if pixels.shape[2] == 3 else encode_png(pixels)


def _inked(tensor: NDArray[np.uint8], cmap: str) -> NDArray[np.uint8]:
    return np.invert(tensor) if cmap == "binary" and tensor.shape[2] == 1 else tensor


def _fitted(tensor: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """No side above SIDE, the shape kept."""
    picture = Image.fromarray(tensor[:, :, 0] if tensor.shape[2] == 1 else tensor)
    picture.thumbnail((SIDE, SIDE))
    pixels: NDArray[np.uint8] = np.asarray(picture)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _large(tensor: NDArray[np.uint8]) -> NDArray[np.uint8]:
    fitted = _fitted(tensor)
    factor = max(1, SIDE // max(fitted.shape[:2]))
    return fitted.repeat(factor, axis=0).repeat(factor, axis=1)


def _blank(like: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, like.shape[2]), _PAPER, np.uint8)
