"""Which images are one picture, and what that means: a leak, a conflict of labels, or a double.

Knows numbers of images, their splits and classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pair: TypeAlias = tuple[int, int]

# Who judges stays: the last of these that has the picture keeps it.
RANK = {"train": 0, "val": 1, "test": 2, "all": 0}


@dataclass(frozen=True)
class Likeness:
    """Pairs of images that are one picture, by what is wrong with it.

    leaks      (one that is learned from, one that judges): each of the latter once
    conflicts  two labels: each image is the second of at most one pair
    doubles    (the first, one more) in one split under one label: each further image once
    """

    leaks: tuple[Pair, ...]
    conflicts: tuple[Pair, ...]
    doubles: tuple[Pair, ...]

    def __bool__(self) -> bool:
        return bool(self.leaks or self.conflicts or self.doubles)


def of_pairs(
    pairs: NDArray[np.int64], ranks: NDArray[np.int64], classes: NDArray[np.int64]
) -> Likeness:
    """The Likeness of pairs int64[m, 2] of images; ranks (see RANK) and classes are int64[n]."""
    one, other = pairs[:, 0], pairs[:, 1]
    across = ranks[one] != ranks[other]
    labels = classes[one] != classes[other]
    turned = np.where((ranks[one] > ranks[other])[:, None], pairs[:, ::-1], pairs)
    return Likeness(_once(turned[across]), _once(pairs[labels]), _once(pairs[~across & ~labels]))


def star_pairs(groups: Iterable[NDArray[np.int64]], kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64[m, 2]: what there is to say of groups of equal images, without all their pairs.

    In each group the first image of each kind (int64[n]: split and class) is paired with the rest
    of all kinds and with one another.
    """
    found = [np.empty((0, 2), np.int64)]
    for members in groups:
        heads = members[np.unique(kinds[members], return_index=True)[1]]
        others = np.concatenate([np.setdiff1d(members, heads), heads])
        pairs = np.stack([np.repeat(heads, len(others)), np.tile(others, len(heads))], axis=1)
        found.append(pairs[pairs[:, 0] != pairs[:, 1]])
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _once(pairs: NDArray[np.int64]) -> tuple[Pair, ...]:
    """The first pair of each second image."""
    order = np.lexsort((pairs[:, 0], pairs[:, 1]))
    _, first = np.unique(pairs[order, 1], return_index=True)
    return tuple((int(a), int(b)) for a, b in pairs[order][first])
