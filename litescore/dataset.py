"""Labelled images from a class folder, IDX files or an .npz archive.

Needs numpy and Pillow only, so that `evaluate` runs where no TensorFlow is. A data set that has a
test part of its own keeps it; of a plain class folder a fifth of each class is held out, always
the same fifth, so that every command means the same images by "test".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from litescore import idx, image, npz
from litescore.contract import Contract, read_labels
from litescore.errors import ContractError, DataError, PermanentError, UsageError
from litescore.folders import class_folders, has_pictures, pictures

Labels: TypeAlias = tuple[str, ...]

SPLITS = ("train", "val", "test")
HELD_OUT = 0.2


@dataclass(frozen=True)
class Dataset:
    """Labelled images of one split.

    name     of the data set, for people: the folder's name
    split    `train`, `val`, `test` or `all`
    labels   class names
    classes  int64[n], the index into `labels` of each image
    images   uint8[n, h, w] or [n, h, w, 3], or the n paths of image files
    """

    name: str
    split: str
    labels: Labels
    classes: NDArray[np.int64]
    images: NDArray[np.uint8] | tuple[Path, ...]

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
        with _naming(self.images[index]) as data:
            return data

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
            if isinstance(one, Path):
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
        return Dataset(self.name, self.split, self.labels, self.classes[chosen], images)

    def classes_for(self, labels: Labels) -> NDArray[np.int64]:
        """`classes` as indices into a model's labels, matched by name.

        Raises DataError for a class that the model does not have.
        """
        if labels == self.labels:
            return self.classes
        unknown = [label for label in self.labels if label not in labels]
        if unknown:
            raise DataError(
                f"{self.name} has classes that the model does not know: {', '.join(unknown[:5])}"
                f" (the model's are {', '.join(labels[:5])}...)"
            )
        return np.array([labels.index(label) for label in self.labels])[self.classes]

    def digest(self) -> str:
        """SHA-256 over labels, classes and image contents: the same data, the same digest."""
        state = hashlib.sha256("\n".join(self.labels).encode())
        state.update(np.ascontiguousarray(self.classes, dtype="<i8").tobytes())
        if isinstance(self.images, np.ndarray):
            state.update(repr(self.images.shape).encode())
            state.update(np.ascontiguousarray(self.images).data)
        else:
            for path in self.images:
                state.update(hashlib.sha256(path.read_bytes()).digest())
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


def load(root: str | Path, split: str = "train", *, seed: int = 0) -> Dataset:
    """One split of the data set at `root`: a folder, or an .npz file.

    Understood are `root/{train,val,test}/<class>/*`, `root/<class>/*`, IDX pairs
    (`train-images-idx3-ubyte[.gz]`, `t10k-...`) and .npz (`x_train, y_train, x_test, y_test`).
    Class names of IDX and .npz come from a `labels.txt` beside the data, from the known data sets,
    or are the numbers. `split` is `train`, `val`, `test` or `all`.

    Raises UsageError for another split, DataError naming what is missing, and for a data set with
    fewer than two classes.
    """
    root = Path(root)
    if split not in (*SPLITS, "all"):
        raise UsageError(f"unknown split {split!r}: one of {', '.join(SPLITS)}, all")
    if not root.exists():
        raise DataError(f"no data at {root}: no such file or folder")
    if root.is_file():
        return _load_npz(root, split)
    if any(root.glob("*-idx[13]-ubyte*")):
        return _load_idx(root, split)
    archives = sorted(root.glob("*.npz"))
    if len(archives) == 1:
        return _load_npz(archives[0], split)
    if any(class_folders(root / name) for name in SPLITS):
        return _load_split_folders(root, split)
    return _load_class_folder(root, split, seed)


def split_off(data: Dataset, fraction: float, *, seed: int) -> tuple[Dataset, Dataset]:
    """`data` in two: without and with `fraction` of each class, drawn by `seed`.

    Each class keeps at least one image on either side where it has two.
    """
    generator = np.random.default_rng(seed)
    away: list[int] = []
    for number in range(len(data.labels)):
        members = np.flatnonzero(data.classes == number)
        count = min(max(1, round(len(members) * fraction)), max(0, len(members) - 1))
        away.extend(generator.permutation(members)[:count].tolist())
    mask = np.zeros(len(data), bool)
    mask[away] = True
    return data.take(np.flatnonzero(~mask)), data.take(np.flatnonzero(mask))


def _load_idx(root: Path, split: str) -> Dataset:
    if split == "all":
        return _joined(_load_idx(root, "train"), _load_idx(root, "test"))
    images, numbers = idx.read_pair(root, split)
    labels = _labels_beside(root) or idx.known_labels(numbers) or _numbered(numbers)
    return _checked(Dataset(root.name, split, labels, numbers.astype(np.int64), images))


def _load_npz(path: Path, split: str) -> Dataset:
    if split == "all":
        return _joined(_load_npz(path, "train"), _load_npz(path, "test"))
    images, numbers = npz.read_pair(path, split)
    labels = _labels_beside(path.parent) or idx.known_labels(numbers.astype(np.uint8))
    return _checked(Dataset(path.stem, split, labels or _numbered(numbers), numbers, images))


def _load_split_folders(root: Path, split: str) -> Dataset:
    if split == "all":
        parts = [name for name in SPLITS if class_folders(root / name)]
        whole = _read_classes(root.name, split, root / parts[0])
        for name in parts[1:]:
            whole = _joined(whole, _read_classes(root.name, split, root / name, whole.labels))
        return whole
    if not class_folders(root / split):
        have = ", ".join(name for name in SPLITS if (root / name).is_dir())
        raise DataError(f"{root} has no folder {split!r} (it has {have})")
    labels = tuple(folder.name for folder in class_folders(root / "train"))
    return _read_classes(root.name, split, root / split, labels or None)


def _load_class_folder(root: Path, split: str, seed: int) -> Dataset:
    whole = _read_classes(root.name, "all", root)
    if split == "all":
        return whole
    if split == "val":
        raise DataError(f"{root} has no split 'val': a plain class folder has train and test")
    kept, held = split_off(whole, HELD_OUT, seed=seed)
    chosen = held if split == "test" else kept
    return Dataset(whole.name, split, whole.labels, chosen.classes, chosen.images)


def _read_classes(name: str, split: str, root: Path, labels: Labels | None = None) -> Dataset:
    folders = class_folders(root)
    if not folders:
        raise DataError(f"{root} has no class folders: one folder a class, images inside")
    if all(class_folders(folder) and not has_pictures(folder) for folder in folders):
        raise DataError(
            f"{root} holds folders of folders: name its parts {', '.join(SPLITS)}, or give one part"
        )
    labels = labels or tuple(folder.name for folder in folders)
    unknown = [folder.name for folder in folders if folder.name not in labels]
    if unknown:
        raise DataError(f"{root} has classes that training lacks: {', '.join(unknown)}")
    paths: list[Path] = []
    classes: list[int] = []
    for folder in folders:
        found = pictures(folder)
        if not found:
            raise DataError(f"{folder} holds no images ({', '.join(image.SUFFIXES[:3])}, ...)")
        paths += found
        classes += [labels.index(folder.name)] * len(found)
    return _checked(Dataset(name, split, labels, np.array(classes, np.int64), tuple(paths)))


@contextmanager
def _naming(path: Path) -> Iterator[bytes]:
    """A file's bytes; what is wrong with them, inside too, is a DataError with its path."""
    try:
        yield path.read_bytes()
    except (OSError, PermanentError) as error:
        raise DataError(f"cannot use {path}: {error}; remove it or mend it") from error


def _joined(first: Dataset, second: Dataset) -> Dataset:
    classes = np.concatenate([first.classes, second.classes])
    if isinstance(first.images, np.ndarray) and isinstance(second.images, np.ndarray):
        images: NDArray[np.uint8] | tuple[Path, ...] = np.concatenate([first.images, second.images])
    else:
        images = (*_paths(first.images), *_paths(second.images))
    return Dataset(first.name, "all", first.labels, classes, images)


def _paths(images: NDArray[np.uint8] | Iterable[Path]) -> tuple[Path, ...]:
    return tuple(path for path in images if isinstance(path, Path))


def _labels_beside(folder: Path) -> Labels | None:
    path = folder / "labels.txt"
    try:
        return read_labels(path) if path.exists() else None
    except ContractError as error:
        raise DataError(str(error)) from error


def _numbered(numbers: NDArray[np.integer[Any]]) -> Labels:
    return tuple(str(number) for number in range(int(numbers.max(initial=0)) + 1))


def _checked(data: Dataset) -> Dataset:
    if len(data) == 0:
        raise DataError(f"{data.name} holds no images")
    if len(data.labels) < 2:
        raise DataError(
            f"{data.name} has one class only ({data.labels[0]}): a classifier needs at least two"
        )
    return data
