"""Which kind of source a name is, and its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from litescore import store
from litescore.dataset import archive, arrays, bucket, folder, manifest, tree
from litescore.dataset.labelled import Dataset
from litescore.dataset.rows import HELD_OUT, PARTS
from litescore.errors import DataError, UsageError
from litescore.store.s3 import is_s3

__all__ = ["HELD_OUT", "SPLITS", "Source", "load", "name_of", "source"]

SPLITS = PARTS
_MANIFESTS = (".csv", ".jsonl", ".ndjson")
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
_UNREAD = (
    ".7z",
    ".rar",
    ".bz2",
    ".xz",
    ".zst",
    ".gz",
    ".json",
    ".txt",
    ".tsv",
    ".xlsx",
    ".parquet",
)


class Source(Protocol):
    """Labelled images, listed once."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Those of `train`, `val` and `test` that the data set has of its own; none where it is in
        no parts.
        """
        ...

    def part(self, split: str, *, seed: int = 0) -> Dataset:
        """The images of `train`, `val`, `test` or `all`; see `load`."""
        ...


def load(root: str | Path, split: str = "train", *, seed: int = 0) -> Dataset:
    """One split of the data set at `root`: see `source`. `split` is `train`, `val`, `test` or `all`.

    Class names of IDX and .npz come from a `labels.txt` beside the data, from the known data sets,
    or are the numbers. Where there is no test part HELD_OUT of each class is held out of training,
    drawn by `seed`.

    Raises UsageError for another split, DataError naming what is missing, and for a data set with
    fewer than two classes.
    """
    check_split(split)
    return source(root).part(split, seed=seed)


def check_split(split: str) -> None:
    """Raises UsageError for a word that names no split."""
    if split not in (*SPLITS, "all"):
        raise UsageError(f"unknown split {split!r}: one of {', '.join(SPLITS)}, all")


def source(root: str | Path) -> Source:
    """The data set at a path, a file:// or an s3:// URL, listed once for all its parts.

    Understood are `root/{train,val,test}/<class>/*` and `root/<class>/*` in a folder, an archive
    (.zip, .tar, .tar.gz) or an s3:// prefix; manifests (.csv, .jsonl) of `path, label[, split]`; IDX
    pairs (`train-images-idx3-ubyte[.gz]`, `t10k-...`) and .npz (`x_train, y_train, x_test, y_test`).
    Raises DataError naming what cannot be used.
    """
    if is_s3(str(root)):
        return _of_url(str(root))
    path = store.local_path(root)
    if not path.exists():
        raise DataError(f"no data at {root}: no such file or folder")
    return _of_file(path, str(path)) if path.is_file() else _of_folder(path)


def name_of(root: str | Path) -> str:
    """What a data set is called: its folder or file without what the name ends with."""
    name = str(root).rstrip("/").replace("\\", "/").rpartition("/")[2]
    for ending in (*_ARCHIVES, *_MANIFESTS, ".npz"):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name


def _of_url(url: str) -> Source:
    if url.lower().endswith((*_ARCHIVES, *_MANIFESTS, ".npz")):
        path, identity = bucket.fetched(url)
        return _of_file(path, url, identity)
    prefix = url.rstrip("/") + "/"
    listing = bucket.listed(prefix, name_of(prefix))
    if not listing.pictures and any("-ubyte" in path for path in listing.others):
        raise DataError(
            f"{prefix} holds IDX files, which are read from a folder only: copy them into one"
        )
    return tree.labelled(listing)


def _of_file(path: Path, name: str, identity: str | None = None) -> Source:
    """The data set in the file at `path`, which people know as `name`."""
    kind = name.lower()
    if kind.endswith(_ARCHIVES):
        return tree.labelled(archive.listed(path, name, name_of(name), identity))
    if kind.endswith(_MANIFESTS):
        return manifest.labelled(path, name, name_of(name))
    if kind.endswith(_UNREAD):
        raise DataError(
            f"{name} is no file of images that is read: give a folder, "
            f"{', '.join((*_ARCHIVES, *_MANIFESTS))} or .npz"
        )
    return arrays.Npz(path, name_of(name))


def _of_folder(root: Path) -> Source:
    if any(root.glob("*-idx[13]-ubyte*")):
        return arrays.Idx(root)
    archives = sorted(root.glob("*.npz"))
    if len(archives) == 1:
        return arrays.Npz(archives[0], archives[0].stem)
    return tree.labelled(folder.listed(root))
