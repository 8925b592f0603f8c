"""The first pass over pictures: each is read once, for its size, its colour and its content's digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from litescore.dataset import Dataset
from litescore.errors import DataError
from litescore.looks import Look, of_arrays
from trainer.images import decoding
from trainer.images.decoding import Seen
from trainer.images.workers import Workers

# What is done, to how many pictures, of how many: called while it is done.
Watch: TypeAlias = Callable[[str, int, int], None]

_TOLD = 20


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


def survey(parts: Sequence[Dataset], workers: Workers, watch: Watch = unwatched) -> list[Survey]:
    """One Survey for each of the parts.

    Raises DataError that names those of all parts that cannot be used, the first twenty.
    """
    files = [part for part in parts if not part.holds_arrays]
    places = [(part, rows) for part in files for rows in decoding.lots(len(part))]
    tasks = [(number, part.take(rows)) for number, (part, rows) in enumerate(places)]
    seen: list[Seen] = [Seen()] * len(tasks)
    done, of = 0, sum(map(len, files))
    for number, one in workers.run(_look, tasks):
        seen[number] = one
        done += len(one.digests) + len(one.problems)
        watch("reading", done, of)
    refuse([problem for one in seen for problem in one.problems], of)
    lots = iter(seen)
    return [_together(part, lots) for part in parts]


def refuse(problems: Sequence[str], of: int) -> None:
    """Raises DataError where there are any."""
    if not problems:
        return
    told = "; ".join(problems[:_TOLD])
    rest = f"; and {len(problems) - _TOLD:,} more" if len(problems) > _TOLD else ""
    if len(problems) == 1:
        raise DataError(f"cannot use {told}; remove it or mend it")
    raise DataError(
        f"cannot use {len(problems):,} of {of:,} pictures: {told}{rest}; remove them or mend them"
    )


def _look(number: int, part: Dataset) -> tuple[int, Seen]:
    return number, decoding.look(part)


def _together(part: Dataset, seen: Iterator[Seen]) -> Survey:
    if part.holds_arrays:
        # They lie in memory: done sooner than handed to another process.
        return Survey((of_arrays(part),), _joined([decoding.look(part)]))
    own = [next(seen) for _ in decoding.lots(len(part))]
    return Survey([look for one in own for look in one.looks], _joined(own))


def _joined(seen: Sequence[Seen]) -> NDArray[np.uint8]:
    joined = b"".join(digest for one in seen for digest in one.digests)
    return np.frombuffer(joined, np.uint8).reshape(-1, 32)
