"""The representative dataset: the images from which the converter learns value ranges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import DataError

IMAGES = 200
SEED = 20_240_229


def representative(data: Dataset, contract: Contract, count: int = IMAGES) -> NDArray[np.uint8]:
    """uint8[count + 2, height, width, channels]: as many of each class as there are, evenly, drawn
    by a fixed seed, then one black and one white frame.

    Without the two frames the input's scale follows the brightest pixel of the draw, and raw
    pixels would no longer be the tensor. Raises DataError for a class without images.
    """
    drawn = data.take(_even_draw(data, count)).tensors(contract)
    black_and_white = np.empty((2, *drawn.shape[1:]), np.uint8)
    black_and_white[0], black_and_white[1] = 0, 255
    return np.concatenate([drawn, black_and_white])


def _even_draw(data: Dataset, count: int) -> NDArray[np.int64]:
    generator = np.random.default_rng(SEED)
    share = -(-count // len(data.labels))
    chosen = []
    for number, label in enumerate(data.labels):
        members = np.flatnonzero(data.classes == number)
        if not len(members):
            raise DataError(f"{data.name} has no image of class {label!r} to calibrate with")
        chosen.append(generator.permutation(members)[:share])
    return np.concatenate(chosen)
