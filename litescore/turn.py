"""Which way a picture is turned: the eight ways of EXIF, and a camera's hanging among them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from PIL import Image

from litescore.view import Box, Size, View

_ORIENTATION = 0x0112  # EXIF 2.32, table 4
_T = Image.Transpose
# By whether it swaps the axes, then comes from the right, then from below.
_TRANSPOSES = {
    (False, True, False): _T.FLIP_LEFT_RIGHT,
    (False, True, True): _T.ROTATE_180,
    (False, False, True): _T.FLIP_TOP_BOTTOM,
    (True, False, False): _T.TRANSPOSE,
    (True, True, False): _T.ROTATE_270,
    (True, True, True): _T.TRANSVERSE,
    (True, False, True): _T.ROTATE_90,
}


class Turn(NamedTuple):
    """How a picture is turned, in this order.

    swap   columns become rows
    right  the last column becomes the first
    below  the last row becomes the first
    """

    swap: bool = False
    right: bool = False
    below: bool = False

    def then(self, other: Turn) -> Turn:
        """One turn and then the other, as one."""
        right, below = (self.below, self.right) if other.swap else (self.right, self.below)
        return Turn(self.swap ^ other.swap, right ^ other.right, below ^ other.below)

    def size(self, size: Size) -> Size:
        """(width, height) of a picture of that size once it is turned."""
        return (size[1], size[0]) if self.swap else size

    def back(self, box: Box, size: Size) -> Box:
        """Where a box of a picture, which has that size once it is turned, was before."""
        left, top, right, bottom = box
        if self.right:
            left, right = size[0] - right, size[0] - left
        if self.below:
            top, bottom = size[1] - bottom, size[1] - top
        return (top, left, bottom, right) if self.swap else (left, top, right, bottom)

    def apply(self, picture: Image.Image) -> Image.Image:
        """The picture turned; itself where there is nothing to turn."""
        how = _TRANSPOSES.get((self.swap, self.right, self.below))
        return picture if how is None else picture.transpose(how)


UPRIGHT = Turn()
_EXIF = {
    2: Turn(right=True),
    3: Turn(right=True, below=True),
    4: Turn(below=True),
    5: Turn(swap=True),
    6: Turn(swap=True, right=True),
    7: Turn(swap=True, right=True, below=True),
    8: Turn(swap=True, below=True),
}
_ROTATIONS = {0: UPRIGHT, 90: _EXIF[6], 180: _EXIF[3], 270: _EXIF[8]}


def of_picture(picture: Image.Image) -> Turn:
    """What brings a picture upright, by its EXIF orientation; UPRIGHT where it has none."""
    try:
        orientation = picture.getexif().get(_ORIENTATION, 1)
        return _EXIF.get(orientation, UPRIGHT)
    except Exception:  # noqa: BLE001
        # Whatever a broken EXIF block raises, the pixels beside it are whole.
        return UPRIGHT


@cache
def of_view(view: View) -> Turn:
    """How a view turns an upright picture."""
    return _ROTATIONS[view.rotate].then(Turn(right=view.mirror))
