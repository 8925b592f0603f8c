"""What a model answered to its test images, as counts: hand-computed, and what is no such thing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from litescore.answered import STEPS, facts, of_test, step
from litescore.ran.seen import Seen
from litescore.record import Record, Subject

ROWS = np.array([[0.9, 0.1], [0.25, 0.75], [0.5, 0.5], [0.0, 1.0]], np.float32)
LABELS = ("ant", "bee")


def test_four_images() -> None:
    """Best labels (a tie goes to the first), steps of the best probability, and its mean."""
    found = facts(ROWS)
    assert found["predicted"] == [2, 2]
    assert {place: n for place, n in enumerate(found["confidences"]) if n} == {
        10: 1, 15: 1, 18: 1, 19: 1,
    }  # fmt: skip
    assert len(found["confidences"]) == STEPS
    assert found["confidence"] == pytest.approx((0.9 + 0.75 + 0.5 + 1) / 4)
    read = of_test(found, LABELS)
    assert read is not None
    assert (read.labels, read.n) == ({"ant": 2, "bee": 2}, 4)


@pytest.mark.parametrize(("score", "place"), [(0, 0), (0.049, 0), (0.05, 1), (0.95, 19), (1, 19)])
def test_steps(score: float, place: int) -> None:
    """A step begins with its lower end; 1 is in the last."""
    assert step(score) == place


def test_records_lie_in_the_same_steps() -> None:
    """float32 makes 0.949999988 of 0.95: file and records count the decimals that records bear."""
    best = (np.arange(51, 101) / 100).astype(np.float32)
    rows = np.stack([1 - best, best], axis=1)
    seen = Seen()
    for number, row in enumerate(rows):
        seen.add(Record.scored(Subject(str(number)), row, labels=LABELS, model="m"), 0.5)
    found = of_test(facts(rows), LABELS)
    assert found is not None
    assert found.confidences == seen.answered.confidences
    assert found.confidence == pytest.approx(seen.answered.confidence, abs=1e-12)
    assert found.labels["bee"] == seen.labels["bee"] == 50


GOOD = facts(ROWS)


@pytest.mark.parametrize(
    "other",
    [
        {"predicted": None},
        {"predicted": [4]},
        {"predicted": [5, -1]},
        {"predicted": [2, True]},
        {"predicted": [2, 2.0]},
        {"predicted": [2, 3]},
        {"predicted": {"ant": 2, "bee": 2}},
        {"confidences": [4]},
        {"confidences": "00000000000000000004"},
        {"confidence": None},
        {"confidence": 1.5},
        {"predicted": [0, 0], "confidences": [0] * STEPS},
    ],
)
def test_what_is_no_test_set(other: dict[str, Any]) -> None:
    """Nothing is guessed from what does not fit."""
    assert of_test(GOOD, LABELS) is not None
    assert of_test(GOOD | other, LABELS) is None


def test_files_from_before() -> None:
    """An accuracy without them, and none at all."""
    assert of_test({"float": 0.9, "exported": {"litert": 0.9}, "n": 4}, LABELS) is None
    assert of_test({}, LABELS) is None
