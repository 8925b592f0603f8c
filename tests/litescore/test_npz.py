"""Archives of NumPy arrays, as Keras keeps its data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore import dataset
from litescore.errors import DataError

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (30, 5, 4), np.uint8)
COLOR = GENERATOR.integers(0, 256, (30, 5, 4, 3), np.uint8)
NUMBERS = np.tile(np.arange(3), 10)


def archive(folder: Path, **arrays: Any) -> Path:
    """An archive of both splits, with some of its arrays replaced or, where None, left out."""
    held = {"x_train": IMAGES, "y_train": NUMBERS, "x_test": IMAGES[:9], "y_test": NUMBERS[:9]}
    path = folder / "things.npz"
    np.savez_compressed(path, **{k: v for k, v in (held | arrays).items() if v is not None})
    return path


def test_an_archive_by_its_path_or_its_folder(tmp_path: Path) -> None:
    """The file itself, or the folder that holds just the one."""
    path = archive(tmp_path)
    for root in (path, tmp_path):
        data = dataset.load(root, "train")
        np.testing.assert_array_equal(data.images, IMAGES)
        np.testing.assert_array_equal(data.classes, NUMBERS)
        assert (data.name, data.labels) == ("things", ("0", "1", "2"))
        assert len(dataset.load(root, "test")) == 9
        assert len(dataset.load(root, "all")) == 39


@pytest.mark.parametrize("images", [COLOR, IMAGES[:, :, :, None]])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "<u2"])
def test_colour_and_columns(tmp_path: Path, images: Any, dtype: str) -> None:
    """Colour, one channel, and the class numbers as a column, as CIFAR has them."""
    data = dataset.load(archive(tmp_path, x_train=images, y_train=NUMBERS[:, None].astype(dtype)))
    np.testing.assert_array_equal(data.images, images)
    np.testing.assert_array_equal(data.classes, NUMBERS)
    assert data.classes.dtype == np.int64


def test_labels_txt_names_the_classes(tmp_path: Path) -> None:
    """Names beside the archive."""
    path = archive(tmp_path)
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat\n")
    assert dataset.load(path).labels == ("ant", "bee", "cat")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"y_train": None}, "lacks y_train"),
        ({"x_train": IMAGES / 255}, r"x_train is float64\[30, 5, 4\], not uint8"),
        ({"x_train": IMAGES[0]}, r"x_train is uint8\[5, 4\], not"),
        ({"x_train": np.zeros((30, 5, 4, 4), np.uint8)}, r"\[30, 5, 4, 4\], not"),
        ({"x_train": np.array([None] * 30)}, "not a whole .npz archive"),
        ({"y_train": NUMBERS + 0.5}, "y_train is float64, not whole numbers"),
        ({"y_train": NUMBERS.astype(str)}, "y_train is <U.*, not whole numbers"),
        ({"y_train": np.eye(3, dtype=np.uint8)[NUMBERS]}, "30 images but 90 labels"),
        ({"y_train": NUMBERS[:5]}, "30 images but 5 labels"),
        ({"y_train": NUMBERS - 1}, r"class numbers -1\.\.1"),
        ({"y_train": NUMBERS * 0}, "one class only"),
        ({"x_train": IMAGES[:0], "y_train": NUMBERS[:0]}, "holds no images"),
    ],
)
def test_arrays_that_cannot_be_are_named(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    """What is wrong with which array."""
    path = archive(tmp_path, **arrays)
    with pytest.raises(DataError, match=said) as refused:
        dataset.load(path)
    assert "things" in str(refused.value)


def test_val_is_not_in_an_archive(tmp_path: Path) -> None:
    """Keras' archives have two parts."""
    with pytest.raises(DataError, match=r"lacks x_val: .*x_train, y_train"):
        dataset.load(archive(tmp_path), "val")


@pytest.mark.parametrize("name", ["text", "empty", "cut", "damaged", "one array"])
def test_a_file_that_is_no_archive_is_named(tmp_path: Path, name: str) -> None:
    """Text, nothing, half of it, damage in it, and an .npy under its name."""
    path = archive(tmp_path)
    whole = path.read_bytes()
    if name == "one array":
        np.save(path.with_suffix(".npy"), IMAGES)
        path = path.with_suffix(".npy")
    else:
        contents = {"text": b"hello", "empty": b"", "cut": whole[: len(whole) // 2]}
        path.write_bytes(contents.get(name, whole[:200] + b"\xff" * 30 + whole[230:]))
    with pytest.raises(DataError, match=r"is not a whole \.npz archive") as refused:
        dataset.load(path)
    assert str(path) in str(refused.value)
