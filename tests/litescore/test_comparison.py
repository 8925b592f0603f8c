"""The one comparison of two readings: identical, within one step, or different; ties left out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore.comparison import compare

STEP = 1 / 256


def rows(*values: tuple[float, ...]) -> NDArray[np.float32]:
    """Probabilities, one image a row."""
    return np.array(values, np.float32)


LEFT = rows((0.5, 0.25, 0.25), (0.125, 0.75, 0.125))


def test_identical() -> None:
    """The same numbers."""
    found = compare(LEFT, LEFT.copy(), step=STEP)
    assert (found.verdict, found.farthest, found.n) == ("identical", 0.0, 2)
    assert (found.same, found.ties, found.differing, found.agreement) == (2, 0, (), 1.0)


@pytest.mark.parametrize("step", [1 / 256, 1e-4, np.float32(0.00390625), np.float32(1 / 3)])
def test_within_one_step(step: float) -> None:
    """One step apart is within, a step and a half is not, however the step was rounded."""
    near, far = LEFT.copy(), LEFT.copy()
    near[1, 2] += np.float32(step)
    far[1, 2] += np.float32(1.5 * step)
    assert compare(LEFT, near, step=float(step)).verdict == "within one step"
    assert compare(near, LEFT, step=float(step)).verdict == "within one step"
    assert compare(LEFT, far, step=float(step)).verdict == "different"


def test_every_step_of_an_int8_softmax() -> None:
    """All 255 pairs of neighbouring levels count as one step apart."""
    levels = (np.arange(256, dtype=np.float32) * np.float32(STEP))[:, None]
    found = compare(levels[:-1], levels[1:], step=STEP)
    assert found.verdict == "within one step"


def test_different_top_classes_are_listed() -> None:
    """Which images, and what share agrees."""
    right = rows((0.25, 0.5, 0.25), (0.125, 0.75, 0.125))
    found = compare(LEFT, right, step=STEP)
    assert (found.verdict, found.farthest) == ("different", 0.25)
    assert (found.differing, found.same, found.agreement) == ((0,), 1, 0.5)


def test_ties_are_left_out() -> None:
    """A tie in either reading is neither the same nor different."""
    left = rows((0.5, 0.5, 0.0), (0.5, 0.4, 0.1), (0.1, 0.8, 0.1), (0.6, 0.2, 0.2))
    right = rows((0.4, 0.6, 0.0), (0.45, 0.45, 0.1), (0.1, 0.8, 0.1), (0.2, 0.6, 0.2))
    found = compare(left, right, step=STEP)
    assert (found.n, found.ties, found.same, found.differing) == (4, 2, 1, (3,))
    assert found.agreement == 0.5


def test_a_tie_below_the_top_is_none() -> None:
    """Only the best probability matters."""
    tied_below = rows((0.6, 0.2, 0.2))
    assert compare(tied_below, tied_below, step=STEP).ties == 0


def test_nothing_but_ties() -> None:
    """Says nothing against agreement."""
    tie = rows((0.5, 0.5))
    assert compare(tie, tie, step=STEP).agreement == 1.0


def test_no_images() -> None:
    """Nothing is identical to nothing."""
    none = np.empty((0, 3), np.float32)
    found = compare(none, none, step=STEP)
    assert (found.verdict, found.n, found.agreement) == ("identical", 0, 1.0)


def test_not_a_number_is_different() -> None:
    """A reading that broke is no agreement."""
    assert compare(LEFT, np.full_like(LEFT, np.nan), step=STEP).verdict == "different"


def test_shapes_must_be_equal() -> None:
    """Other images or other classes cannot be compared."""
    with pytest.raises(ValueError, match=r"cannot compare \(2, 3\) with \(1, 3\)"):
        compare(LEFT, LEFT[:1], step=STEP)
