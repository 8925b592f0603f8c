"""What a picture looks like in 256 bits: copies that were scaled, saved again or brightened agree.

The only place that knows ImageHash. Its `phash` of 16 x 16 was chosen by measurement: see
docs/TRAIN.md, "Audit".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore.errors import MissingDependency

BITS = 256
_SIDE = 16
# ImageHash scales to 64 x 64. Halving by whole factors first is most of the way for little time.
_ENOUGH = 128


def hash_of(picture: Image.Image) -> NDArray[np.uint8]:
    """uint8[32]: a bit for each of the 256 lowest frequencies, whether it is above their median."""
    factor = min(picture.size) // _ENOUGH
    small = picture.reduce(factor) if factor > 1 else picture
    bits: NDArray[np.bool_] = _imagehash().phash(small, hash_size=_SIDE).hash
    return np.packbits(bits.ravel())


def color_of(picture: Image.Image) -> tuple[int, int, int]:
    """The mean red, green and blue: the hash is blind to colour."""
    one = picture.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return tuple(one)  # type: ignore[arg-type, return-value]


def _imagehash() -> Any:
    try:
        import imagehash
    except ModuleNotFoundError as error:
        raise MissingDependency("imagehash", extra="train") from error
    return imagehash
