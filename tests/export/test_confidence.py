"""The temperature: found where it was planted, bounded where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from export.confidence import COLDEST, HOTTEST, fit_temperature, is_bound
from litescore.errors import DataError, ModelError
from litescore.reliability import reliability

Logits = NDArray[np.float32]
Classes = NDArray[np.int64]


def softmax(logits: NDArray[np.floating]) -> Logits:
    """Probabilities: float32[n, classes]."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Logits = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def drawn(count: int = 20_000, classes: int = 5) -> tuple[Logits, Classes]:
    """Logits, and true classes drawn with just the probabilities that they say."""
    generator = np.random.default_rng(3)
    logits = generator.normal(0, 2, (count, classes)).astype(np.float32)
    # The largest of logits with Gumbel noise is a draw from their softmax.
    truth = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
    return logits, truth


@pytest.mark.parametrize("planted", [0.2, 1.0, 3.0])
def test_a_planted_temperature_is_found(planted: float) -> None:
    """Logits blown up by 3 want 3; and what they then say is true."""
    logits, classes = drawn()
    found = fit_temperature(logits * np.float32(planted), classes)
    assert found == pytest.approx(planted, rel=0.03)
    assert reliability(softmax(logits * planted / found), classes).ece < 0.02


def test_no_temperature_is_likelier() -> None:
    """A grid around the answer, by the definition of the negative log likelihood."""
    logits, classes = drawn(500)
    found = fit_temperature(logits * 4, classes)

    def loss(temperature: float) -> float:
        right = softmax(logits.astype(np.float64) * 4 / temperature)[np.arange(500), classes]
        return float(-np.log(right).mean())

    assert all(loss(found) <= loss(found * factor) for factor in (0.9, 0.99, 1.01, 1.1))


def test_the_order_of_the_classes_stays() -> None:
    """Confidence changes, no answer does."""
    logits, classes = drawn(1000)
    tempered = softmax(logits * 4 / fit_temperature(logits * 4, classes))
    assert np.array_equal(tempered.argmax(axis=1), logits.argmax(axis=1))


def test_one_unit_is_two_classes() -> None:
    """A sigmoid's logit gives what the softmax over (0, logit) gives."""
    logits, classes = drawn(2000, 2)
    one = logits[:, 1:] - logits[:, :1]
    assert fit_temperature(one * 3, classes) == pytest.approx(fit_temperature(logits * 3, classes))


def test_the_bounds_hold() -> None:
    """All right wants certainty, chance wants none; huge logits overflow nothing."""
    certain = np.eye(4, dtype=np.float32)
    assert fit_temperature(certain, np.arange(4)) == pytest.approx(COLDEST)
    assert is_bound(fit_temperature(certain, np.arange(4)))
    assert not is_bound(1.0)
    assert fit_temperature(certain * 1e4, (np.arange(4) + 1) % 4) == pytest.approx(HOTTEST)


def test_what_cannot_be_fitted_is_refused() -> None:
    """No images, and logits that are no numbers."""
    with pytest.raises(DataError, match="no images"):
        fit_temperature(np.empty((0, 3), np.float32), np.empty(0, np.int64))
    with pytest.raises(ModelError, match="not all finite"):
        fit_temperature(np.array([[0.0, np.nan]], np.float32), np.array([0]))
