"""What is cut out of a picture before it is resized, and how it is turned, as a view says."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore.contract import Contract
from litescore.resize import Part, part
from litescore.turn import Turn
from litescore.view import Box, Size, View


class Cut(NamedTuple):
    """turn    how the picture is turned
    size    of the whole of it then
    region  what is cut out of it then
    seen    what the model sees of the region
    """

    turn: Turn
    size: Size
    region: Box
    seen: Part

    def apply(self, pixels: Image.Image | NDArray[np.uint8]) -> Image.Image:
        """The region of a picture, or of an array [h, w] or [h, w, 3], turned."""
        # First cut, then turned: the same in the end, and what is not wanted is not turned.
        left, top, right, bottom = box = self.turn.back(self.region, self.size)
        if isinstance(pixels, np.ndarray):
            pixels = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
        elif box != (0, 0, *pixels.size):
            pixels = pixels.crop(box)
        return self.turn.apply(pixels)

    def scaled(self, scale: int, decoded: Size) -> Cut:
        """The same of the picture decoded at a fraction of its size, rounded up to `decoded`.

        The last column and row are but partly the picture's then, wherever they are turned, and
        those around the region but partly the region's.
        """
        size = self.turn.size(decoded)
        right = size[0] - self.size[0] / scale if self.turn.right else 0
        down = size[1] - self.size[1] / scale if self.turn.below else 0
        left, top = self.region[0] / scale + right, self.region[1] / scale + down
        ends = self.region[2] / scale + right, self.region[3] / scale + down
        around = (math.floor(left), math.floor(top), math.ceil(ends[0]), math.ceil(ends[1]))
        shift = (left - around[0], top - around[1])
        return Cut(self.turn, size, around, self.seen.scaled(scale, shift))


def cut(size: Size, turn: Turn, view: View, contract: Contract) -> Cut:
    """What a model of that contract sees through that view of a picture that is turned so.

    Raises PermanentError `unsupported` for a region outside.
    """
    turned = turn.size(size)
    region = view.box(turned)
    inside = (region[2] - region[0], region[3] - region[1])
    return Cut(turn, turned, region, part(inside, contract))
