"""How each class fares, and which are taken for which: numbers only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# How many times fewer training images than the largest class make one rare.
IMBALANCE = 3.0


@dataclass(frozen=True)
class ClassFigures:
    """One class on images never seen: shares are 0..1, None where there is nothing to share.

    support    test images of the class
    recall     share of them that is found
    precision  share that is right of what is said to be it
    taken_for  the class that most of the others are taken for, and how many; None without mistakes
    """

    label: str
    support: int
    recall: float | None
    precision: float | None
    taken_for: tuple[str, int] | None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; 0 for a class that is never found."""
        if self.recall is None:
            return None
        total = self.recall + (self.precision or 0.0)
        return 2 * self.recall * (self.precision or 0.0) / total if total else 0.0


@dataclass(frozen=True)
class Pair:
    """Images of `truth` that are taken for `said`: how many, and their share of the class (0..1)."""

    truth: str
    said: str
    count: int
    share: float


@dataclass(frozen=True)
class Imbalance:
    """The rarest and the largest class by training images."""

    rare: str
    fewest: int
    large: str
    most: int

    @property
    def ratio(self) -> float:
        """How many times as many; a class without images counts as one with one."""
        return self.most / max(1, self.fewest)


def figures(labels: Sequence[str], counts: NDArray[np.int64]) -> tuple[ClassFigures, ...]:
    """One for each class, in order, of a confusion matrix int64[classes, classes]."""
    totals, said = counts.sum(axis=1), counts.sum(axis=0)
    return tuple(
        ClassFigures(
            label,
            int(totals[number]),
            _share(counts[number, number], totals[number]),
            _share(counts[number, number], said[number]),
            _taken_for(labels, counts[number], number),
        )
        for number, label in enumerate(labels)
    )


def worst_first(found: Sequence[ClassFigures]) -> list[ClassFigures]:
    """By F1; those without test images last."""
    return sorted(found, key=lambda one: (one.f1 is None, one.f1 or 0.0))


def macro_f1(found: Sequence[ClassFigures]) -> float:
    """The mean F1 over classes that have test images, each counting as much; 0..1."""
    known = [one.f1 for one in found if one.f1 is not None]
    return sum(known) / len(known) if known else 0.0


def pairs(labels: Sequence[str], counts: NDArray[np.int64], most: int) -> Iterator[Pair]:
    """The `most` pairs of classes that are confused most often, the most frequent first."""
    totals = counts.sum(axis=1)
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    for place in np.argsort(-wrong, axis=None, kind="stable")[:most].tolist():
        truth, said = divmod(place, len(labels))
        if not wrong[truth, said]:
            return
        count = int(wrong[truth, said])
        yield Pair(labels[truth], labels[said], count, count / int(totals[truth]))


def imbalance(labels: Sequence[str], classes: NDArray[np.int64]) -> Imbalance | None:
    """What is uneven about training images of these classes, int64[n]; None where nothing is."""
    counts = np.bincount(classes, minlength=len(labels))
    rare, large = int(counts.argmin()), int(counts.argmax())
    found = Imbalance(labels[rare], int(counts[rare]), labels[large], int(counts[large]))
    return found if found.ratio >= IMBALANCE else None


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None


def _taken_for(
    labels: Sequence[str], row: NDArray[np.int64], number: int
) -> tuple[str, int] | None:
    others = row.copy()
    others[number] = 0
    best = int(others.argmax())
    return (labels[best], int(others[best])) if others[best] else None
