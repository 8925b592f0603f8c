"""The whole audit: every image of a data set read once, and what they are to one another.

Holds some hundred bytes an image. It judges nothing: that is `trainer.audit.findings`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litescore import dataset
from litescore.dataset import SPLITS, Dataset, Labels
from litescore.errors import DataError
from trainer.audit.likeness import RANK, Likeness, of_pairs, star_pairs
from trainer.audit.near import Pairs, near_pairs
from trainer.audit.seen import Seen, Unreadable, look, same_pixels

# Of 256 bits. By measurement: docs/TRAIN.md, "Audit".
THRESHOLD = 12


@dataclass(frozen=True)
class Audit:
    """What was seen. Images are numbered over all parts, in order.

    name         of the data set
    labels       class names
    parts        the images by split; those that cannot be read are among them
    seen         of each image
    ranks        int64[n], the split of each by RANK
    classes      int64[n], index into `labels`
    exact, near  int64[m, 2]: pairs of images of equal pixels, and of others that look alike
    notes        what the data set says of itself
    """

    name: str
    labels: Labels
    parts: dict[str, Dataset]
    seen: Sequence[Seen | Unreadable]
    ranks: NDArray[np.int64]
    classes: NDArray[np.int64]
    exact: Pairs
    near: Pairs
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.classes)

    def place(self, number: int) -> tuple[Dataset, int]:
        """The part that an image is in, and its index there."""
        for part in self.parts.values():
            if number < len(part):
                return part, number
            number -= len(part)
        raise IndexError(number)

    def split(self, number: int) -> str:
        """The split of an image, one of SPLITS."""
        return str(SPLITS[int(self.ranks[number])])

    def label(self, number: int) -> str:
        """The class name of an image."""
        return str(self.labels[int(self.classes[number])])

    def where(self, number: int) -> str:
        """Where an image is, for people."""
        part, index = self.place(number)
        return part.where(index)

    def counts(self, split: str) -> NDArray[np.int64]:
        """int64[classes]: how many images of each class a split has, unreadable ones too."""
        chosen = self.classes[self.ranks == RANK[split]]
        return np.bincount(chosen, minlength=len(self.labels))

    def readable(self) -> Iterator[tuple[int, Seen]]:
        """Number and view of each image that could be read, in order."""
        return ((number, one) for number, one in enumerate(self.seen) if isinstance(one, Seen))

    @property
    def same(self) -> Likeness:
        """What it means that pixels are equal."""
        return of_pairs(self.exact, self.ranks, self.classes)

    @property
    def alike(self) -> Likeness:
        """What it means that others look alike."""
        return of_pairs(self.near, self.ranks, self.classes)


def parts_of(root: str) -> dict[str, Dataset]:
    """The images at `root` by split, as training would take them; see `litescore.dataset.load`."""
    source = dataset.source(root)
    found = {}
    for split in SPLITS:
        try:
            found[split] = source.part(split)
        except DataError:
            if split in source.parts or split == "train":
                raise
    return found


def audit(
    parts: dict[str, Dataset], *, bits: int = THRESHOLD, done: Callable[[], object] = lambda: None
) -> Audit:
    """Read every image and compare them. `done` is called after each image.

    bits  in how many of 256 bits the hashes of two pictures that look alike may differ
    """
    first = next(iter(parts.values()))
    seen = [one for part in parts.values() for one in look(part, done)]
    ranks = np.concatenate([np.full(len(part), RANK[name]) for name, part in parts.items()])
    classes = np.concatenate([part.classes_for(first.labels) for part in parts.values()])
    kinds = ranks * len(first.labels) + classes
    empty = np.empty((0, 2), np.int64)
    notes = tuple(dict.fromkeys(note for part in parts.values() for note in part.notes))
    found = Audit(first.name, first.labels, parts, seen, ranks, classes, empty, empty, notes)
    groups = _groups(found)
    exact = star_pairs(groups, kinds)
    near = _near(found, groups, bits, kinds)
    return Audit(first.name, first.labels, parts, seen, ranks, classes, exact, near, notes)


def _groups(found: Audit) -> list[NDArray[np.int64]]:
    """Images of equal pixels: of one content, or of other files once their pixels were compared."""
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, one in found.readable():
        alike[one.size, one.pixels, one.hash.tobytes()].append(number)
    groups = []
    for numbers in alike.values():
        if len(numbers) > 1:
            groups += same_pixels(numbers, found.seen, found.place)
    return [np.array(group, np.int64) for group in groups]


def _near(
    found: Audit, groups: Sequence[NDArray[np.int64]], bits: int, kinds: NDArray[np.int64]
) -> Pairs:
    # A picture of one colour has no look: its bits are chance.
    rows = [(number, one) for number, one in found.readable() if not one.blank]
    numbers = np.array([number for number, _ in rows], np.int64)
    if len(rows) < 2:
        return np.empty((0, 2), np.int64)
    hashes = np.stack([one.hash for _, one in rows])
    colors = np.array([one.color for _, one in rows], np.uint8)
    pairs = numbers[near_pairs(hashes, colors, bits, kinds[numbers])]
    group = np.arange(len(found))
    for members in groups:
        group[members] = members[0]
    others: Pairs = pairs[group[pairs[:, 0]] != group[pairs[:, 1]]]
    return others
