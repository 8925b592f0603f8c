"""In which order images are learned from: each once an epoch, cut into batches. Numbers only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# How often an epoch comes back to Python, to move the progress bar and to hear Ctrl-C.
_CHUNKS = 20


def shuffled(count: int, seed: int, epoch: int) -> NDArray[np.int32]:
    """Every index below `count` once, in the order of this epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count).astype(np.int32)


def batches(order: NDArray[np.int32], size: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The indices in as few batches of at most `size` as there can be, none smaller by more than
    one: int32[many, a] and int32[few, b], a batch a row. A last batch of one image, as a plain cut
    leaves, is poison to batch normalization.
    """
    steps = -(-len(order) // size)
    short, longer = divmod(len(order), steps)
    cut = longer * (short + 1)
    groups = order[:cut].reshape(longer, short + 1), order[cut:].reshape(steps - longer, short)
    return groups if longer > steps - longer else groups[::-1]


def spans(steps: int, most: int) -> Iterator[tuple[int, int, int]]:
    """`steps` cut into about _CHUNKS spans (first, last, size) of at most `most` steps: all of one
    size, of which the last one may fill only a part.
    """
    size = min(-(-steps // _CHUNKS), most)
    for first in range(0, steps, size or 1):
        yield first, min(first + size, steps), size
