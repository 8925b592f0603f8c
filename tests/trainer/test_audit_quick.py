"""The quick audit of decoded tensors: what it says, and what it costs."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.dataset import Dataset
from trainer.audit import quick
from trainer.audit.quick import equal_tensors
from trainer.images.splits import Examples, Splits

LABELS = ("cat", "dog")
SIZE = 12


def noise(count: int, *, size: int = SIZE, seed: int = 0) -> NDArray[np.uint8]:
    """uint8[count, size, size, 3], no two alike."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def halves(count: int) -> NDArray[np.int64]:
    return np.arange(count, dtype=np.int64) % 2


def parts(
    train: Examples | None = None, test: Examples | None = None, validation: Examples | None = None
) -> Splits:
    """Splits in which nothing is wrong but for what is given."""
    train = train or Examples(noise(60), halves(60))
    test = test or Examples(noise(20, seed=1), halves(20))
    source = Dataset("pets", "train", LABELS, train.classes, train.tensors)
    contract = Contract(LABELS, "rgb", SIZE, SIZE)
    return Splits(source, contract, train, validation, test, own=validation is not None)


def test_clean_data_has_no_warning() -> None:
    """Nothing is said where nothing is wrong."""
    assert quick(parts()) == ()


def test_leak_is_told_first() -> None:
    """An image of the test part that is trained on is told, with how many, before all else."""
    tensors = noise(60)
    test = Examples(np.concatenate([noise(18, seed=1), tensors[[4, 7]]]), halves(20))
    lines = quick(parts(Examples(tensors, halves(60)), test))
    assert lines[0].startswith("2 test images are training images too")


def test_leak_into_validation_is_told() -> None:
    """What is watched must not be trained on either."""
    tensors = noise(60)
    watched = Examples(np.concatenate([noise(19, seed=2), tensors[1:2]]), halves(20))
    lines = quick(parts(Examples(tensors, halves(60)), validation=watched))
    assert lines[0].startswith("1 validation images are training images too")


def test_two_labels_are_named() -> None:
    """One picture as a cat and as a dog."""
    tensors = noise(60)
    tensors[1] = tensors[0]
    lines = quick(parts(Examples(tensors, halves(60))))
    assert lines[0].startswith("1 picture has more than one label (cat and dog)")


def test_tiny_and_uneven_classes_are_told() -> None:
    """A class of 6 beside one of 54, with what --balanced would make of it."""
    classes = (np.arange(60) < 6).astype(np.int64)
    lines = quick(parts(Examples(noise(60), classes)))
    assert lines[0].startswith("fewer than 20 training images: dog (6)")
    assert "9.0 times the training images of dog (54 and 6)" in lines[1]
    assert "counts 5.0 times" in lines[1]


@pytest.mark.parametrize("size", [3, 12, 80])
def test_one_different_value_is_no_double(size: int) -> None:
    """Tensors that differ in one value anywhere are not equal, small or sampled; equal ones are."""
    tensors = np.zeros((4, size, size, 3), np.uint8)
    tensors[1, size // 2, 1, 0] = 1
    tensors[2, -1, -1, -1] = 128
    both = [Examples(tensors[:3], np.zeros(3, np.int64)), Examples(tensors[3:], np.zeros(1, int))]
    assert equal_tensors(both) == [[0, 3]]


def test_reads_a_map(tmp_path: Path) -> None:
    """A read-only memory map is taken as an array is."""
    tensors = noise(10)
    tensors[9] = tensors[2]
    np.save(tmp_path / "tensors.npy", tensors)
    mapped = np.load(tmp_path / "tensors.npy", mmap_mode="r")
    assert equal_tensors([Examples(mapped, halves(10))]) == [[2, 9]]


def test_costs_little() -> None:
    """Under 30 microseconds an image of 128 pixels a side, whose decoding takes a millisecond."""
    tensors = noise(400, size=128)
    start = time.process_time()
    assert equal_tensors([Examples(tensors, halves(400))]) == []
    assert (time.process_time() - start) / 400 < 30e-6
