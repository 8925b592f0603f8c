"""IDX files as MNIST and Fashion-MNIST come in, whole and broken."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore import dataset, idx
from litescore.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 5, 4), np.uint8)
NUMBERS = np.tile(np.arange(3, dtype=np.uint8), 10)
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat")
FASHION += ("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def pack(array: NDArray[np.uint8], kind: int = 8) -> bytes:
    """The array as an IDX file."""
    head = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    return head + array.tobytes()


def write(
    folder: Path, prefix: str, *, gz: bool = True, numbers: NDArray[np.uint8] = NUMBERS
) -> None:
    """A pair of files of that split."""
    for name, array in (("images-idx3", IMAGES[: len(numbers)]), ("labels-idx1", numbers)):
        data = pack(array)
        path = folder / f"{prefix}-{name}-ubyte"
        if gz:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(data))
        else:
            path.write_bytes(data)


@pytest.mark.parametrize("gz", [True, False])
def test_a_pair_is_read(tmp_path: Path, gz: bool) -> None:
    """Gzipped or not, the same images and numbers; without names the classes are numbers."""
    write(tmp_path, "train", gz=gz)
    write(tmp_path, "t10k", gz=gz, numbers=NUMBERS[:9])
    train, test = dataset.load(tmp_path, "train"), dataset.load(tmp_path, "test")
    np.testing.assert_array_equal(train.images, IMAGES)
    np.testing.assert_array_equal(train.classes, NUMBERS)
    np.testing.assert_array_equal(test.images, IMAGES[:9])
    assert train.labels == ("0", "1", "2")
    assert train.classes.dtype == np.int64


def test_all_joins_both(tmp_path: Path) -> None:
    """`all` is the training images and then the test images."""
    write(tmp_path, "train")
    write(tmp_path, "t10k", numbers=NUMBERS[:9])
    whole = dataset.load(tmp_path, "all")
    assert len(whole) == 39
    assert whole.split == "all"
    np.testing.assert_array_equal(whole.classes[30:], NUMBERS[:9])


def test_labels_txt_names_the_classes(tmp_path: Path) -> None:
    """Names beside the data come before numbers."""
    write(tmp_path, "train")
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat\n")
    assert dataset.load(tmp_path).labels == ("ant", "bee", "cat")


def test_broken_labels_txt_is_named(tmp_path: Path) -> None:
    """A list of names that cannot be is an error of the data."""
    write(tmp_path, "train")
    (tmp_path / "labels.txt").write_text("ant\nant\n")
    with pytest.raises(DataError, match=r"labels\.txt: label 'ant' is given twice"):
        dataset.load(tmp_path)


def test_too_few_names_are_refused(tmp_path: Path) -> None:
    """A class number without a name is noticed."""
    write(tmp_path, "train")
    (tmp_path / "labels.txt").write_text("ant\nbee\n")
    with pytest.raises(DataError, match=r"class numbers 0\.\.2, but 2 class names"):
        dataset.load(tmp_path)


def test_the_shipped_slice(fashion: Path) -> None:
    """The real images of clothes, by name, as many of each class in the test part."""
    test = dataset.load(fashion, "test")
    assert test.labels == FASHION
    assert np.ptp(np.bincount(test.classes)) == 0
    pixels = test.pixels(0)
    assert isinstance(pixels, np.ndarray)
    assert pixels.shape == (28, 28)


@pytest.mark.skipif("LITESCORE_DATA" not in os.environ, reason="needs the whole data sets")
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(
    ("name", "labels"),
    [("fashion-mnist", FASHION), ("mnist", tuple(map(str, range(10))))],
)
def test_known_data_sets_are_recognised(name: str, labels: tuple[str, ...], split: str) -> None:
    """The originals carry no names: they are known by the digest of their labels."""
    data = dataset.load(Path(os.environ["LITESCORE_DATA"]) / name, split)
    assert data.labels == labels
    assert len(data) == {"train": 60_000, "test": 10_000}[split]


def test_a_digest_gives_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the originals are known by: MD5 of the unpacked file of labels."""
    digest = hashlib.md5(pack(NUMBERS), usedforsecurity=False).hexdigest()
    monkeypatch.setitem(idx._KNOWN_LABELS, digest, ("ant", "bee", "cat"))
    write(tmp_path, "train")
    assert dataset.load(tmp_path).labels == ("ant", "bee", "cat")


def test_unknown_labels_are_unknown() -> None:
    """Another order of the same numbers is another data set."""
    assert idx.known_labels(NUMBERS) is None


def damaged(data: bytes) -> bytes:
    """The bytes with a stretch in the middle overwritten."""
    middle = len(data) // 2
    return data[:middle] + b"\xff" * 30 + data[middle + 30 :]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0",
        b"hello, this is text",
        gzip.compress(b"hello"),
        pack(IMAGES)[:-1],
        pack(IMAGES) + b"x",
        pack(IMAGES, kind=13),
        pack(IMAGES[0]),
        gzip.compress(pack(IMAGES))[:200],
        gzip.compress(pack(IMAGES))[:-4],
        damaged(gzip.compress(pack(IMAGES))),
        gzip.compress(pack(IMAGES))[:10] + b"\xff" * 300,
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    """Empty, text, cut, too long, of floats, of two dimensions, damaged: one error, by name."""
    write(tmp_path, "train")
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz is not .* IDX file"):
        dataset.load(tmp_path)


def test_images_are_no_labels(tmp_path: Path) -> None:
    """A file of images under the labels' name is refused."""
    write(tmp_path, "train")
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(pack(IMAGES)))
    with pytest.raises(DataError, match=r"train-labels.* in 1 dimensions"):
        dataset.load(tmp_path)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_half_a_pair_names_the_other_half(tmp_path: Path, name: str) -> None:
    """What is missing is named, in both spellings."""
    write(tmp_path, "train")
    (tmp_path / f"{name}.gz").unlink()
    with pytest.raises(DataError, match=rf"lacks {name} \(or {name}\.gz\)"):
        dataset.load(tmp_path)


def test_a_split_that_is_not_there(tmp_path: Path) -> None:
    """Only `train` and `test` exist; a missing test part is named."""
    write(tmp_path, "train")
    with pytest.raises(DataError, match="no split 'val': IDX files have train and test"):
        dataset.load(tmp_path, "val")
    with pytest.raises(DataError, match="lacks t10k-images-idx3-ubyte"):
        dataset.load(tmp_path, "test")


def test_counts_that_differ(tmp_path: Path) -> None:
    """More images than labels are refused with both numbers."""
    write(tmp_path, "train")
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(pack(NUMBERS[:9])))
    with pytest.raises(DataError, match="30 images but 9 labels"):
        dataset.load(tmp_path)


def test_one_class_is_too_few(tmp_path: Path) -> None:
    """All images of class 0 are nothing to tell apart."""
    write(tmp_path, "train", numbers=np.zeros(9, np.uint8))
    with pytest.raises(DataError, match="one class only"):
        dataset.load(tmp_path)


def test_no_images(tmp_path: Path) -> None:
    """Files that are whole and hold nothing."""
    write(tmp_path, "train", numbers=NUMBERS[:0])
    with pytest.raises(DataError, match="holds no images"):
        dataset.load(tmp_path)
