"""Confidence against accuracy: the bins, their edges, the expected calibration error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from litescore.errors import DataError
from litescore.reliability import reliability


def rows(*best: float, classes: int = 3) -> NDArray[np.float32]:
    """One image for each confidence: its first class has it, the others share the rest."""
    first = np.array(best, np.float32)
    rest = np.repeat((1 - first)[:, None] / (classes - 1), classes - 1, axis=1)
    return np.concatenate([first[:, None], rest], axis=1).astype(np.float32)


def test_the_error_by_hand() -> None:
    """Four images: two of 0.9 of which one is right, two of 0.6 that are right."""
    found = reliability(rows(0.9, 0.9, 0.6, 0.6), np.array([0, 1, 0, 0]), bins=10)
    assert found.ece == pytest.approx(0.5 * abs(0.5 - 0.9) + 0.5 * abs(1.0 - 0.6))
    assert (found.accuracy, found.confidence) == pytest.approx((0.75, 0.75))
    ninth = found.bins[8]
    assert (ninth.low, ninth.high, ninth.count, ninth.accuracy) == (0.8, 0.9, 2, 0.5)
    assert ninth.gap == pytest.approx(0.4)


def test_a_bin_has_its_upper_edge() -> None:
    """0.5 belongs to the lower half, certainty to the last bin."""
    found = reliability(rows(0.5, 1.0), np.array([0, 0]), bins=2)
    assert [one.count for one in found.bins] == [1, 1]


def test_of_tied_classes_the_lowest_is_the_answer() -> None:
    """As everywhere in litescore: an int8 softmax ties often."""
    tied = np.array([[0.5, 0.5], [0.5, 0.5]], np.float32)
    assert reliability(tied, np.array([0, 1])).accuracy == 0.5
    assert reliability(tied, np.array([0, 0])).accuracy == 1.0


def test_a_model_that_is_as_right_as_it_is_sure_has_no_error() -> None:
    """Ten images of 0.8, eight of them right."""
    classes = np.array([0] * 8 + [1] * 2)
    assert reliability(rows(*[0.8] * 10), classes).ece == pytest.approx(0, abs=1e-6)


def test_no_images_are_refused() -> None:
    """An error of nothing would be a perfect 0."""
    with pytest.raises(DataError, match="no images"):
        reliability(np.empty((0, 3), np.float32), np.empty(0, np.int64))


@given(st.integers(1, 300), st.integers(2, 12), st.integers(1, 30), st.integers(0, 99))
def test_every_image_is_in_one_bin(count: int, classes: int, bins: int, seed: int) -> None:
    """Counts add up, and each bin's mean confidence lies within it."""
    generator = np.random.default_rng(seed)
    weights = generator.random((count, classes)) ** 8 + 1e-9
    probabilities = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    truth = generator.integers(0, classes, count)
    found = reliability(probabilities, truth, bins)
    assert sum(one.count for one in found.bins) == found.count == count
    assert 0 <= found.ece <= 1
    for one in found.bins:
        assert not one.count or one.low - 1e-6 <= one.confidence <= one.high + 1e-6
    right = sum(one.count * one.accuracy for one in found.bins)
    assert right / count == pytest.approx(found.accuracy)
