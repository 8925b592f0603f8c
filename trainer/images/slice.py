"""Cutting the slice of a data set that litescore ships: as many images of each class, by a seed.

`python -m trainer.images.slice --data FASHION-MNIST --out trainer/data/fashion-mnist`
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from litescore import dataset
from litescore.cli import run
from litescore.dataset import Dataset
from litescore.errors import DataError
from litescore.files import write_whole

_PREFIX = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTE = 0x08


def cut(data: Dataset, count: int, *, seed: int) -> Dataset:
    """`count` images, the same number of each class, in the order they have in `data`.

    Raises DataError where a class has too few.
    """
    each = count // len(data.labels)
    generator = np.random.default_rng(seed)
    chosen: list[int] = []
    for number, label in enumerate(data.labels):
        members = np.flatnonzero(data.classes == number)
        if len(members) < each:
            raise DataError(f"{data.name} has {len(members)} images of {label}, not {each}")
        chosen.extend(generator.permutation(members)[:each].tolist())
    return data.take(sorted(chosen))


def write_idx(path: Path, values: NDArray[np.uint8]) -> None:
    """Unsigned bytes as a gzipped IDX file; the same values, the same content."""
    header = struct.pack(f">HBB{values.ndim}I", 0, _UNSIGNED_BYTE, values.ndim, *values.shape)
    write_whole(path, gzip.compress(header + values.tobytes(), compresslevel=9, mtime=0))


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="IDX files to cut.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--train", "train_count", default=5000, show_default=True, help="Training images.")
@click.option("--test", "test_count", default=1500, show_default=True, help="Test images.")
@click.option("--seed", default=0, show_default=True, help="Draws the images.")
def main(data: Path, out: Path, train_count: int, test_count: int, seed: int) -> None:
    """Cut an even slice out of a data set of IDX files.

    \b
    Example:
      python -m trainer.images.slice --data datasets/fashion-mnist --out trainer/data/fashion-mnist
    """
    for split, count in (("train", train_count), ("test", test_count)):
        part = cut(dataset.load(data, split), count, seed=seed)
        write_idx(out / f"{_PREFIX[split]}-images-idx3-ubyte.gz", np.asarray(part.images))
        write_idx(out / f"{_PREFIX[split]}-labels-idx1-ubyte.gz", part.classes.astype(np.uint8))
    write_whole(out / "labels.txt", "".join(f"{label}\n" for label in part.labels).encode())


if __name__ == "__main__":
    run(main)
