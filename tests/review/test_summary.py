"""What a review came to, and how good the model is by the frames that chance drew alone."""

from __future__ import annotations

import pytest

from litescore.review import items
from litescore.review.desk import Desk
from litescore.review.labels import Labels
from litescore.review.summary import Measured, Summary, summarize
from tests.review.conftest import LABELS, Kept, keep


def reviewed(kept: Kept, *labels: str | None) -> Summary:
    """Give the least sure so many labels."""
    kept.out.mkdir(exist_ok=True)
    desk = Desk(str(kept.folder), items.listed(str(kept.folder)), Labels(LABELS), kept.out)
    for item, label in zip(desk.waiting(), labels, strict=False):
        desk.decide(item.id, label)
    return summarize(desk.log.standing.values(), desk.waiting())


def test_counts_and_confusion(kept: Kept) -> None:
    """Confirmed, corrected, thrown away, and what was taken for what. Of the frames that chance drew
    (the second, fourth and sixth) two have a label and one of them is right; the least sure ones,
    all confirmed, make the model no better.
    """
    found = reviewed(kept, "red", "blue", "blue", None, "green", "blue")
    assert (found.waiting, found.decided) == (0, 6)
    assert (found.confirmed, found.corrected, found.rejected, found.unmatched) == (4, 1, 1, 0)
    assert found.confused["green", "blue"] == 1
    assert found.confused["blue", "blue"] == 2
    assert found.labels == {"blue": 3, "red": 1, "green": 1}
    assert found.measured == (Measured("a" * 64, 2, 1, 1, 0),)
    told = "\n".join(found.lines())
    assert "6 decided: 4 confirmed, 1 corrected, 1 thrown away; 0 to go" in told
    assert "1  green -> blue" in told
    assert "1 of 2 frames drawn by chance right, 50.0% (9.5% to 90.5%, 95 % interval)" in told
    assert "too low" not in told
    (one,) = found.as_json()["random"]
    assert one["accuracy"] == 0.5
    assert one["interval"] == pytest.approx([0.0945, 0.9055], abs=1e-4)


def test_half_a_review_is_told_to_be_half(kept: Kept) -> None:
    """While frames that chance drew wait, the estimate is told to be too low: the least sure of them
    come first.
    """
    found = reviewed(kept, "red", "blue")
    assert found.measured == (Measured("a" * 64, 1, 0, 0, 2),)
    assert "too low until the other 2 are decided" in found.lines()[-1]
    assert reviewed(kept).measured[0].waiting == 2


def test_each_model_by_itself(kept: Kept) -> None:
    """Frames of two models are not thrown together; one that none is labelled of has no figure."""
    for number in range(10, 13):
        keep(kept.folder, number, "red", 0.99, rules=("random:0.01",), model="b" * 64)
    found = reviewed(kept, "red", "green", "blue", "red", "green", "blue")
    by_model = {one.model: one for one in found.measured}
    assert by_model["a" * 64] == Measured("a" * 64, 3, 3, 0, 0)
    assert by_model["b" * 64] == Measured("b" * 64, 0, 0, 0, 3)
    assert "none of the 3 frames drawn by chance is labelled yet" in "\n".join(found.lines())
    (other,) = (one for one in reviewed(kept, "blue", "red").measured if one.model == "b" * 64)
    assert other == Measured("b" * 64, 2, 1, 0, 1)
