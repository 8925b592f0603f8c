"""The shipped slice of Fashion-MNIST: small, even, and cut from the real one as it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from litescore import dataset
from litescore.errors import DataError
from tests.trainer.conftest import SHIPPED
from tests.trainer.pictures import write_idx_set
from trainer.images.slice import cut

SIZES = {"train": 5000, "test": 1500}


@pytest.mark.parametrize("split", SIZES)
def test_as_many_images_of_each_class(split: str) -> None:
    """Even over the ten classes, which have their names."""
    part = dataset.load(SHIPPED, split)
    assert np.bincount(part.classes).tolist() == [SIZES[split] // 10] * 10
    assert part.labels[9] == "Ankle boot"


def test_at_most_three_megabytes_with_source_and_licence() -> None:
    """What may be shipped, and what must be said with it."""
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 3_000_000
    words = (SHIPPED / "README.md").read_text()
    assert "https://github.com/zalandoresearch/fashion-mnist" in words
    assert "Permission is hereby granted, free of charge" in words


@pytest.mark.parametrize("split", SIZES)
def test_it_can_be_cut_again(split: str, whole_fashion: Path) -> None:
    """The whole and the seed of the README give the same images."""
    again = cut(dataset.load(whole_fashion, split), SIZES[split], seed=0)
    shipped = dataset.load(SHIPPED, split)
    assert np.array_equal(again.images, shipped.images)
    assert np.array_equal(again.classes, shipped.classes)


def test_a_class_with_too_few_images_is_named(tmp_path: Path) -> None:
    """An uneven slice is no slice."""
    data = dataset.load(write_idx_set(tmp_path / "small"), "train")
    with pytest.raises(DataError, match="10 images of 0, not 15"):
        cut(data, 30, seed=0)
