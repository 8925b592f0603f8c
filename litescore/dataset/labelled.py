"""Labelled images of one split: stored pictures, or arrays. It does not know where they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from litescore import image
from litescore.contract import Contract
from litescore.dataset.picture import Picture, label_of
from litescore.errors import DataError, PermanentError

Labels: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """Labelled images of one split.

    name     of the data set, for people: the folder's name
    split    `train`, `val`, `test` or `all`
    labels   class names
    classes  int64[n], the index into `labels` of each image
    images   uint8[n, h, w] or [n, h, w, 3], or n stored pictures
    notes    what people should know of how they were found, as sentences
    """

    name: str
    split: str
    labels: Labels
    classes: NDArray[np.int64]
    images: NDArray[np.uint8] | tuple[Picture, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.classes) != len(self.images):
            raise DataError(
                f"{self.name}: {len(self.images)} images but {len(self.classes)} labels"
            )
        if len(self.classes) and not 0 <= self.classes.min() <= self.classes.max() < len(
            self.labels
        ):
            raise DataError(
                f"{self.name}: class numbers {self.classes.min()}..{self.classes.max()}, "
                f"but {len(self.labels)} class names"
            )

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def holds_arrays(self) -> bool:
        """Whether the images are decoded already; else they are files, with `content`."""
        return isinstance(self.images, np.ndarray)

    def where(self, index: int) -> str:
        """Where one image is, for people."""
        if isinstance(self.images, np.ndarray):
            return f"array {index} of {self.name}"
        return str(self.images[index])

    def content(self, index: int) -> bytes:
        """The bytes of one image file. Raises DataError naming one that cannot be read."""
        if isinstance(self.images, np.ndarray):
            raise ValueError(f"{self.name} holds arrays, not files")
        return self.images[index].read()

    def opened(self, index: int) -> BinaryIO:
        """One image file to be read in parts, as its header. Raises DataError as `content`."""
        if isinstance(self.images, np.ndarray):
            raise ValueError(f"{self.name} holds arrays, not files")
        return self.images[index].opened()

    def pixels(self, index: int) -> image.Pixels:
        """One image, decoded. Raises DataError naming a file that cannot be read."""
        if isinstance(self.images, np.ndarray):
            pixels: NDArray[np.uint8] = self.images[index]
            return pixels
        with _naming(self.images[index]) as data:
            return image.decode(data)

    def tensors(self, contract: Contract) -> NDArray[np.uint8]:
        """uint8[n, height, width, channels]: each file through `image.decode_to_tensor`, as batch
        scoring takes it, each array through `image.fit_stored`. Raises DataError naming a file that
        cannot be read, or what lies outside of the contract's view.
        """
        if isinstance(self.images, np.ndarray) and self._fits(contract):
            return self.images.reshape(len(self), contract.height, contract.width, -1)
        tensors = np.empty(
            (len(self), contract.height, contract.width, contract.channels), np.uint8
        )

        budget = image.PixelBudget()

        def fill(index: int) -> None:
            one = self.images[index]
            if isinstance(one, Picture):
                with _naming(one) as data:
                    tensors[index] = image.decode_to_tensor(data, contract, budget=budget)
            else:
                tensors[index] = self._stored(index, contract)

        with ThreadPoolExecutor() as threads:
            for _ in threads.map(fill, range(len(self))):
                pass
        return tensors

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> Dataset:
        """The images at these indices, in this order."""
        chosen = np.asarray(indices, dtype=np.int64)
        images = (
            self.images[chosen]
            if isinstance(self.images, np.ndarray)
            else tuple(self.images[i] for i in chosen)
        )
        return replace(self, classes=self.classes[chosen], images=images)

    def of_split(self, split: str) -> Dataset:
        """The same images under a split's name."""
        return replace(self, split=split)

    def classes_for(self, labels: Labels) -> NDArray[np.int64]:
        """`classes` as indices into a model's labels, matched by name.

        Raises DataError for a class that the model does not have.
        """
        if labels == self.labels:
            return self.classes
        known = {label_of(label): number for number, label in enumerate(labels)}
        own = [label_of(label) for label in self.labels]
        unknown = [label for label in own if label not in known]
        if unknown:
            raise DataError(
                f"{self.name} has classes that the model does not know: {', '.join(unknown[:5])}"
                f" (the model's are {', '.join(labels[:5])}...)"
            )
        return np.array([known[label] for label in own])[self.classes]

    def digest(self, contents: NDArray[np.uint8] | None = None) -> str:
        """SHA-256 over labels, classes and image contents: the same data, the same digest.

        `contents` is uint8[n, 32], the SHA-256 of each picture where they are known: none is read.
        """
        state = hashlib.sha256("\n".join(self.labels).encode())
        state.update(np.ascontiguousarray(self.classes, dtype="<i8").tobytes())
        if isinstance(self.images, np.ndarray):
            state.update(repr(self.images.shape).encode())
            state.update(np.ascontiguousarray(self.images).data)
        elif contents is not None:
            state.update(np.ascontiguousarray(contents).data)
        else:
            with ThreadPoolExecutor() as threads:
                for one in threads.map(_sha256, self.images):
                    state.update(one)
        return state.hexdigest()

    def _stored(self, index: int, contract: Contract) -> NDArray[np.uint8]:
        try:
            return image.fit_stored(self.pixels(index), contract)
        except PermanentError as error:
            raise DataError(f"cannot use array {index} of {self.name}: {error.reason}") from error

    def _fits(self, contract: Contract) -> bool:
        shape = self.images.shape[1:] if isinstance(self.images, np.ndarray) else ()
        flat = (contract.height, contract.width)
        return shape == (*flat, contract.channels) or (contract.channels == 1 and shape == flat)


def _sha256(picture: Picture) -> bytes:
    return hashlib.sha256(picture.read()).digest()


@contextmanager
def _naming(picture: Picture) -> Iterator[bytes]:
    """A picture's bytes; what is wrong inside of them is a DataError with its name."""
    data = picture.read()
    try:
        yield data
    except PermanentError as error:
        raise DataError(f"cannot use {picture}: {error}; remove it or mend it") from error


def split_off(data: Dataset, fraction: float, *, seed: int) -> tuple[Dataset, Dataset]:
    """`data` in two: without and with `fraction` of each class, drawn by `seed`.

    Each class keeps at least one image on either side where it has two.
    """
    kept, away = drawn(data, fraction, seed=seed)
    return data.take(kept), data.take(away)


def drawn(
    data: Dataset, fraction: float, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The indices of the images that `split_off` leaves, and of those that it takes away."""
    generator = np.random.default_rng(seed)
    away: list[int] = []
    for number in range(len(data.labels)):
        members = np.flatnonzero(data.classes == number)
        count = min(max(1, round(len(members) * fraction)), max(0, len(members) - 1))
        away.extend(generator.permutation(members)[:count].tolist())
    mask = np.zeros(len(data), bool)
    mask[away] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)
