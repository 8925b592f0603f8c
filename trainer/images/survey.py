"""The first pass over pictures: each is read once, for its size, its colour and its content's digest,
unless that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from litescore.dataset import Dataset, Picture
from litescore.errors import DataError
from litescore.looks import Look, of_arrays
from trainer.images import decoding
from trainer.images.decoding import Seen
from trainer.images.known import Facts, Known
from trainer.images.workers import Workers

# What is done, to how many pictures, of how many: called while it is done.
Watch: TypeAlias = Callable[[str, int, int], None]

_TOLD = 20
_OR = ", or leave it out: `litescore audit SOURCE --manifest clean.csv` writes a list to train on"


def unwatched(_doing: str, _done: int, _of: int) -> None:
    """A Watch that looks away."""


@dataclass(frozen=True)
class Survey:
    """What was found of some pictures, in their order.

    looks    one for each picture; one for all where they are arrays
    digests  uint8[n, 32], the SHA-256 of each one's content
    """

    looks: Sequence[Look]
    digests: NDArray[np.uint8]


def survey(
    parts: Sequence[Dataset],
    workers: Workers,
    watch: Watch = unwatched,
    *,
    root: Path | None = None,
) -> list[Survey]:
    """One Survey for each of the parts. What `trainer.images.known` has in `root`, the folder of
    decoded images, is not read.

    Raises DataError that names those of all parts that cannot be used, the first twenty.
    """
    files = [_File(part) for part in parts if not part.holds_arrays]
    known = Known(root, [one.part for one in files])
    for one in files:
        one.found = [known.of(picture) for picture in one.pictures]
    try:
        problems = _read(files, workers, watch)
    finally:
        known.keep(pair for one in files for pair in one.pairs())
    refuse(problems, sum(len(one.found) for one in files))
    surveyed = iter(files)
    return [_of_arrays(part) if part.holds_arrays else next(surveyed).survey() for part in parts]


class _File:
    """A part of stored pictures, and what was found of each; None: not yet."""

    def __init__(self, part: Dataset) -> None:
        assert isinstance(part.images, tuple)
        self.part, self.pictures = part, part.images
        self.found: list[Facts | None] = [None] * len(part)

    def lots(self) -> Iterator[list[int]]:
        """Indices of pictures that are to be read."""
        missing = [index for index, one in enumerate(self.found) if one is None]
        return ([missing[place] for place in lot] for lot in decoding.lots(len(missing)))

    def pairs(self) -> Iterator[tuple[Picture, Facts]]:
        pairs = zip(self.pictures, self.found, strict=True)
        return ((picture, facts) for picture, facts in pairs if facts is not None)

    def survey(self) -> Survey:
        """Of a part that was read."""
        facts = [one for _, one in self.pairs()]
        return Survey([one.look for one in facts], _joined(one.digest for one in facts))


def _read(files: Sequence[_File], workers: Workers, watch: Watch) -> list[str]:
    """Find out of all pictures what is not known; what is wrong with some, in their order."""
    places = [(one, rows) for one in files for rows in one.lots()]
    tasks = ((number, one.part.take(rows)) for number, (one, rows) in enumerate(places))
    of = sum(len(one.found) for one in files)
    done = of - sum(len(rows) for _, rows in places)
    problems: dict[int, list[str]] = {}
    for number, seen in workers.run(_look, tasks):
        file, rows = places[number]
        problems[number] = seen.problems
        if not seen.problems:
            for row, look, digest in zip(rows, seen.looks, seen.digests, strict=True):
                file.found[row] = Facts(look, digest)
        done += len(rows)
        watch("reading", done, of)
    return [problem for number in sorted(problems) for problem in problems[number]]


def refuse(problems: Sequence[str], of: int) -> None:
    """Raises DataError where there are any."""
    if not problems:
        return
    told = "; ".join(problems[:_TOLD])
    rest = f"; and {len(problems) - _TOLD:,} more" if len(problems) > _TOLD else ""
    if len(problems) == 1:
        raise DataError(f"cannot use {told}; remove it or mend it{_OR}")
    raise DataError(
        f"cannot use {len(problems):,} of {of:,} pictures: {told}{rest}; remove them or mend them"
        f"{_OR}"
    )


def _look(number: int, part: Dataset) -> tuple[int, Seen]:
    return number, decoding.look(part)


def _of_arrays(part: Dataset) -> Survey:
    # They lie in memory: done sooner than handed to another process.
    return Survey((of_arrays(part),), _joined(decoding.look(part).digests))


def _joined(digests: Iterable[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
