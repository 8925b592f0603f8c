"""From a data set on disk to what training needs: tensors in three parts, and the contract.

Colour and size come from the training images unless they are given. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from litescore import dataset
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import DataError, PermanentError, UsageError
from litescore.looks import Look, looks
from litescore.view import WHOLE, View
from trainer.images import home, memory
from trainer.images.cache import Cache, Undecodable, fits, refuse_all
from trainer.images.survey import Survey, Watch, survey, unwatched
from trainer.images.workers import workers

# Where images differ in size.
DEFAULT_SIZE = 224


@dataclass(frozen=True)
class Examples:
    """Images and their classes: tensors uint8[n, h, w, c], classes int64[n]."""

    tensors: NDArray[np.uint8]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True)
class Splits:
    """The images to learn from, to watch the training with (or none), and to judge by.

    source  all training images as they were found, whose digest names the data
    own     the data set has validation images of its own; else they were drawn from `source`
    judged  the test images as they were found, in the order of `test`; None where nobody asks
    known   uint8[n, 32], the SHA-256 of each picture of `source`; None where nobody knows them
    """

    source: Dataset
    contract: Contract
    train: Examples
    validation: Examples | None
    test: Examples
    own: bool
    judged: Dataset | None = None
    known: NDArray[np.uint8] | None = None

    def digest(self) -> str:
        """Of `source`, whose pictures are not read again for it."""
        return self.source.digest(self.known)

    def beside_a_step(self, batch: int) -> int:
        """Bytes that training holds beside what the model makes of a batch."""
        whole = [part.images for part in (self.source, self.judged) if part is not None]
        parts = [part.tensors for part in (self.train, self.validation, self.test) if part]
        held = memory.in_memory(one for one in (*whole, *parts) if isinstance(one, np.ndarray))
        return memory.beside_a_step(
            self.contract, batch=min(batch, len(self.train)), images=len(self.train), held=held
        )

    def __str__(self) -> str:
        watched = f"{len(self.validation):,} validation" if self.validation else "no validation"
        shape = f"{self.contract.width} x {self.contract.height} {self.contract.color}"
        view = "" if self.contract.view == WHOLE else f", seen by {self.contract.view}"
        return (
            f"{len(self.train):,} training, {watched} and {len(self.test):,} test images, "
            f"{shape} pixels{view}, {len(self.contract.labels)} classes"
        )


def load(
    root: str | Path,
    fraction: float,
    *,
    seed: int,
    color: str | None = None,
    size: int | None = None,
    view: View = WHOLE,
    batch: int = 32,
    cache: Path | None = None,
    watch: Watch = unwatched,
    say: Callable[[str], None] = lambda _: None,
) -> Splits:
    """Training, validation and test images of the data set at `root`, decoded and fitted.

    A validation part of its own is used where there is one, else `fraction` of each
    class is drawn by `seed` (none for 0). `color`, `size` and `view` are as for `contract_for`.
    `cache` is the folder of decoded images, None for the user's own; `watch` and `say` are as for
    `trainer.images.cache.tensors`.

    Raises DataError as `litescore.dataset.load` does, for files that are no images, and where a
    step of `batch` images needs more memory than there is; ConfigurationError where the cache finds
    no room; UsageError for a view of arrays.
    """
    found = dataset.source(root)
    source, test = found.part("train"), found.part("test")
    own = {"train", "val"} <= set(found.parts)
    validation = found.part("val") if own else None
    _check_view(source, view)
    read = [part for part in (source, test, validation) if part is not None]
    root = cache or home.folder()
    with workers(sum(map(len, read))) as pool:
        surveys = survey(read, pool, watch, root=root)
        contract = _contract(source, surveys[0].looks, color=color, size=size, view=view)
        parts = [_Part(*one) for one in zip(read, _digests(surveys), strict=True)]
        if fraction and not own:
            parts = [*_drawn(parts[0], fraction, seed), parts[1]]
        else:
            parts = [parts[0], *reversed(parts[1:])]
        _check_memory(read, parts, contract, batch)
        examples = _examples(parts, contract, Cache(root, pool, watch, say))
    watched = examples[1] if len(examples) == 3 else None
    return Splits(
        source, contract, examples[0], watched, examples[-1], own, test, surveys[0].digests
    )


def contract_for(
    train: Dataset, *, color: str | None, size: int | None, view: View = WHOLE
) -> Contract:
    """How these images become tensors: `color` and `size` where given, else the images' own, as far
    as they are seen through `view`.

    Raises DataError naming a file that is no image or that the view's region lies outside of,
    UsageError for a view of arrays.
    """
    _check_view(train, view)
    return _contract(train, list(looks(train)), color=color, size=size, view=view)


class _Part(NamedTuple):
    """Pictures and the digests of their contents, uint8[n, 32]."""

    data: Dataset
    digests: NDArray[np.uint8]


def _digests(surveys: Sequence[Survey]) -> Iterator[NDArray[np.uint8]]:
    return (one.digests for one in surveys)


def _drawn(part: _Part, fraction: float, seed: int) -> tuple[_Part, _Part]:
    """As `dataset.split_off`, with the digests of each side."""
    sides = dataset.drawn(part.data, fraction, seed=seed)
    kept, away = (_Part(part.data.take(rows), part.digests[rows]) for rows in sides)
    return kept, away


def _check_view(train: Dataset, view: View) -> None:
    if view != WHOLE and train.holds_arrays:
        raise UsageError(
            f"{train.name} holds arrays, which no camera gave: {view} is for folders of its "
            "pictures; `litescore describe` gives it to the exported model"
        )


def _contract(
    train: Dataset, found: Sequence[Look], *, color: str | None, size: int | None, view: View
) -> Contract:
    color = color or ("gray" if all(look.gray for look in found) else "rgb")
    sizes = set(_seen(train, found, view))
    height, width = (size, size) if size else _uniform(sizes)
    # Here training sees what scoring will: nothing is lost by it. Arrays were never JPEGs here.
    jpeg = "full" if train.holds_arrays else "scaled"
    return Contract(train.labels, color, height, width, jpeg=jpeg, view=view)


def _seen(train: Dataset, found: Sequence[Look], view: View) -> Iterator[tuple[int, int]]:
    """(height, width) of what the model sees of each picture."""
    for number, look in enumerate(found):
        try:
            left, top, right, bottom = view.box(view.turned((look.width, look.height)))
        except PermanentError as error:
            raise DataError(f"cannot use {train.images[number]}: {error.reason}") from error
        yield bottom - top, right - left


def _examples(parts: Sequence[_Part], contract: Contract, cache: Cache) -> list[Examples]:
    """All of them decoded; what cannot be is told of all parts at once."""
    stored = [part.digests for part in parts if not fits(part.data, contract)]
    cache.check_room(stored, contract)
    made: list[Examples] = []
    failed: list[Undecodable] = []
    for data, digests in parts:
        classes = data.classes_for(contract.labels)
        try:
            made.append(Examples(cache.tensors(data, contract, digests), classes))
        except Undecodable as error:
            failed.append(error)
    refuse_all(failed, sum(len(part.data) for part in parts))
    return made


def _check_memory(
    read: Sequence[Dataset], parts: Sequence[_Part], contract: Contract, batch: int
) -> None:
    whole = [part.images for part in (*read, *(part.data for part in parts))]
    held = memory.in_memory(one for one in whole if isinstance(one, np.ndarray))
    images = len(parts[0].data)
    memory.check_memory(contract, batch=min(batch, images), images=images, held=held)


def _uniform(sizes: set[tuple[int, int]]) -> tuple[int, int]:
    return sizes.pop() if len(sizes) == 1 else (DEFAULT_SIZE, DEFAULT_SIZE)
