"""Small pictures of audited images for a page: one, two beside each other, a row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from litescore import image
from litescore.errors import LitescoreError
from trainer.audit.likeness import Pair
from trainer.audit.whole import Audit

SIDE = 96
_STRIP = 56
_GAP = 4
_EMPTY = (128, 128, 128)


def single(audit: Audit, number: int) -> bytes:
    """One image as PNG, SIDE pixels a side."""
    return image.encode_png(_row(audit, (number,), SIDE))


def beside(audit: Audit, pair: Pair) -> bytes:
    """Two images as one PNG, the second at the right of the first."""
    return image.encode_png(_row(audit, pair, SIDE))


def strip(audit: Audit, numbers: Sequence[int]) -> bytes:
    """A row of images as one PNG."""
    return image.encode_png(_row(audit, numbers, _STRIP))


def _row(audit: Audit, numbers: Sequence[int], side: int) -> Image.Image:
    width = len(numbers) * (side + _GAP) - _GAP
    row = Image.new("RGB", (width, side), "white")
    for place, number in enumerate(numbers):
        small = _small(audit, number, side)
        left = place * (side + _GAP) + (side - small.width) // 2
        row.paste(small, (left, (side - small.height) // 2))
    return row


def _small(audit: Audit, number: int, side: int) -> Image.Image:
    """At most `side` pixels a side; smaller pictures are enlarged by whole factors."""
    part, index = audit.place(number)
    try:
        pixels = part.pixels(index)
    except LitescoreError:
        return Image.new("RGB", (side, side), _EMPTY)
    if isinstance(pixels, np.ndarray):
        pixels = Image.fromarray(pixels if pixels.shape[-1:] != (1,) else pixels[:, :, 0])
    picture = pixels.convert("RGB")
    factor = side // max(picture.size)
    if factor > 1:
        return picture.resize(
            (picture.width * factor, picture.height * factor), Image.Resampling.NEAREST
        )
    picture.thumbnail((side, side))
    return picture
