"""Labelled pictures in parts: which of them are meant by train, val and test.

The same for a tree of folders and for a manifest. It does not know how a picture is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from litescore.dataset.labelled import Dataset, Labels, split_off
from litescore.dataset.picture import Picture, label_of, order_of
from litescore.errors import DataError
from litescore.image import SUFFIXES

PARTS = ("train", "val", "test")
HELD_OUT = 0.2


class Row(NamedTuple):
    """A picture and its class."""

    label: str
    picture: Picture


@dataclass(frozen=True)
class Part:
    """Rows by label and path, and where classes are that hold no picture."""

    rows: tuple[Row, ...]
    empty: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Row], empty: tuple[str, ...] = ()) -> Part:
        """A part of rows in any order, with labels as they were written."""
        named = [Row(label_of(row.label), row.picture) for row in rows]
        named.sort(key=lambda row: (row.label, order_of(row.picture.path)))
        return cls(tuple(named), empty)

    @property
    def labels(self) -> Labels:
        """Class names that have a picture here, sorted, each once."""
        return tuple(sorted({row.label for row in self.rows}))


@dataclass(frozen=True)
class Rows:
    """A data set of stored pictures.

    name   for people
    where  it is, for people
    held   part -> its rows; None where the data set is in no parts
    notes  what is left out, as sentences
    noun   what a part is called there
    """

    name: str
    where: str
    held: Mapping[str | None, Part]
    notes: tuple[str, ...] = ()
    noun: str = "folder"

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that the data set has of its own."""
        return tuple(name for name in PARTS if name in self.held)

    def part(self, split: str, *, seed: int = 0) -> Dataset:
        """See `Source.part`."""
        if None in self.held:
            return self._drawn(split, seed)
        if split == "all":
            return checked(self._dataset("all", self.parts, self._labels()), self.where)
        if split != "val" and "test" not in self.held and "val" in self.held:
            whole = self._dataset(split, ("train",), self._labels())
            return self._side(checked(whole, self.where), split, seed)
        if split not in self.held:
            raise DataError(
                f"{self.where} has no {self.noun} {split!r} (it has {', '.join(self.parts)})"
            )
        return checked(self._dataset(split, (split,), self._labels(split)), self.where)

    def _drawn(self, split: str, seed: int) -> Dataset:
        whole = checked(self._dataset("all", (None,), self.held[None].labels), self.where)
        if split == "all":
            return whole
        if split == "val":
            raise DataError(
                f"{self.where} has no split 'val': what is in no parts has train and test"
            )
        return self._side(whole, split, seed)

    def _side(self, whole: Dataset, split: str, seed: int) -> Dataset:
        kept, held = split_off(whole, HELD_OUT, seed=seed)
        return (held if split == "test" else kept).of_split(split)

    def _labels(self, split: str | None = None) -> Labels:
        """Of training; where there is none, of the part itself."""
        first = "train" if "train" in self.held else split or self.parts[0]
        return self.held[first].labels

    def _dataset(self, split: str, parts: Iterable[str | None], labels: Labels) -> Dataset:
        rows: list[Row] = []
        for name in parts:
            part = self.held[name]
            if part.empty:
                raise DataError(f"{part.empty[0]} holds no images ({', '.join(SUFFIXES[:3])}, ...)")
            self._check_known(name, part, labels)
            rows += part.rows
        index = {label: number for number, label in enumerate(labels)}
        classes = np.array([index[row.label] for row in rows], np.int64)
        images = tuple(row.picture for row in rows)
        return Dataset(self.name, split, labels, classes, images, self.notes)

    def _check_known(self, name: str | None, part: Part, labels: Labels) -> None:
        unknown = [label for label in part.labels if label not in labels]
        if unknown:
            first = next(row.picture for row in part.rows if row.label == unknown[0])
            raise DataError(
                f"{self.where}: part {name!r} has classes that training lacks: "
                f"{', '.join(unknown)} (as {first}); take them out, or train on them"
            )


def checked(data: Dataset, where: str) -> Dataset:
    """`data`. Raises DataError where it has no images or one class only."""
    if len(data) == 0:
        raise DataError(f"{where} holds no images")
    if len(data.labels) < 2:
        raise DataError(
            f"{where} has one class only ({data.labels[0]}): a classifier needs at least two"
        )
    return data
