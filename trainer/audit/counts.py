"""How many images each class has, and what is wrong with that: too few, or too uneven."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

# Fewer than these say little: of a class with 4 test images one mistake is 25 points of recall.
LEAST = {"train": 20, "val": 5, "test": 5}
# From here on a model gains more by ignoring the smallest class than by learning it.
UNEVEN = 3.0
_NAMED = 5


def tiny(labels: Sequence[str], counts: NDArray[np.int64], split: str) -> Iterator[tuple[str, int]]:
    """(label, images) of each class with too few images in a split; counts int64[classes]."""
    least = LEAST[split]
    return (
        (label, int(count)) for label, count in zip(labels, counts, strict=True) if count < least
    )


def imbalance(counts: NDArray[np.int64]) -> float:
    """The largest class divided by the smallest that has images; 1 where there are none."""
    present = counts[counts > 0]
    return float(present.max() / present.min()) if len(present) else 1.0


def uneven(labels: Sequence[str], counts: NDArray[np.int64]) -> tuple[str, str] | None:
    """What it is, and what to do, where the classes differ much in size; counts of the training part."""
    ratio = imbalance(counts)
    if ratio < UNEVEN:
        return None
    small = int(np.where(counts > 0, counts, counts.max() + 1).argmin())
    large = int(counts.argmax())
    weight = counts.sum() / (np.count_nonzero(counts) * counts[small])
    return (
        f"class {labels[large]} has {ratio:.1f} times the training images of {labels[small]} "
        f"({counts[large]:,} and {counts[small]:,})",
        f"with --balanced an image of {labels[small]} counts {weight:.1f} times",
    )


def few(names: Sequence[str], most: int = _NAMED) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
