"""Groups of images that are one picture, and what such a group means: leak, conflict, double.

Knows numbers of images, their splits and classes; no pixels, no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Group:
    """Images that are one picture.

    members  numbers of the images, rising; two or more
    splits   of each member, such as `train`
    classes  of each member, an index into the labels
    """

    members: tuple[int, ...]
    splits: tuple[str, ...]
    classes: tuple[int, ...]

    @property
    def leaks(self) -> bool:
        """Whether what is learned from is also what is judged by."""
        return len(set(self.splits)) > 1

    @property
    def conflicts(self) -> bool:
        """Whether the picture has more than one label."""
        return len(set(self.classes)) > 1

    @property
    def spare(self) -> int:
        """Images beyond the first."""
        return len(self.members) - 1


def grouped(
    members: Iterable[Sequence[int]], splits: Sequence[str], classes: NDArray[np.int64]
) -> tuple[Group, ...]:
    """A Group of each sequence of numbers; `splits` and `classes` are of all images."""
    return tuple(
        Group(
            tuple(sorted(numbers)),
            tuple(splits[number] for number in sorted(numbers)),
            tuple(int(classes[number]) for number in sorted(numbers)),
        )
        for numbers in members
    )


def equal_rows(keys: NDArray[np.uint64]) -> list[NDArray[np.int64]]:
    """Numbers of the rows of uint64[n] that hold the same value, where two or more do."""
    order = np.argsort(keys, kind="stable")
    bounds = np.flatnonzero(np.diff(keys[order])) + 1
    return [part for part in np.split(order, bounds) if len(part) > 1]
