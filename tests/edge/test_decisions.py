"""Decisions do not flicker: smoothing, hysteresis, confidence, cool-down, over made-up frames."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.decisions import UNKNOWN, Decider, Deciding, Decision
from litescore.contract import Contract
from litescore.errors import UsageError

ABC = Contract(("a", "b", "c"), "gray", 4, 4)


def run(
    deciding: Deciding | None,
    *rows: tuple[float, ...],
    rate: float = 10.0,
    contract: Contract = ABC,
) -> list[Decision]:
    """The decisions over frames at `rate` a second."""
    decider = Decider(contract, deciding)
    return [
        decider.decide(np.array(row, np.float32), number / rate) for number, row in enumerate(rows)
    ]


def labels(*words: object, **values: object) -> list[str]:
    return [decision.label for decision in run(*words, **values)]  # type: ignore[arg-type]


A, B, C = (0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)


def test_each_frame_by_itself_by_default() -> None:
    """Without options a decision is the best class of its frame; a tie goes to the lowest index."""
    assert labels(None, A, B, (0.4, 0.4, 0.2), C) == ["a", "b", "a", "c"]


def test_what_a_decision_says() -> None:
    """Label, score, since when, whether it is new, and what was before."""
    first, second, third = run(None, A, A, B)
    assert first == ("a", pytest.approx(0.8), 0.0, True, None)
    assert second == ("a", pytest.approx(0.8), 0.0, False, None)
    assert third == ("b", pytest.approx(0.8), 0.2, True, "a")
    assert third.to_json() == {
        "label": "b", "score": 0.8, "since": 0.2, "changed": True, "previous": "a"
    }  # fmt: skip


def test_one_odd_frame_is_smoothed_away() -> None:
    """Of an exponential mean and of votes alike a single frame changes nothing."""
    frames = [A, A, A, B, A, A, A]
    assert set(labels(Deciding(0.5), *frames)) == {"a"}
    assert set(labels(Deciding((2, 3)), *frames)[1:]) == {"a"}
    assert "b" in labels(None, *frames)


def test_exponential_forgets_by_time() -> None:
    """At 5 and at 50 frames a second the mean needs the same time to turn."""
    turned = {}
    for rate in (5.0, 50.0):
        seconds = 4
        frames = [A] * int(2 * rate) + [B] * int(seconds * rate)
        found = labels(Deciding(1.0), *frames, rate=rate)
        turned[rate] = found.index("b") / rate - 2
    # A mean from 0.8/0.1 to 0.1/0.8 crosses after ln 2 of its constant.
    assert turned[5.0] == pytest.approx(np.log(2), abs=0.2)
    assert turned[50.0] == pytest.approx(np.log(2), abs=0.03)


def test_votes_need_k_of_n() -> None:
    """Nothing is decided before k frames are for it; then it stays until k are for another."""
    assert labels(Deciding((2, 3)), A, A, B, C, B, B) == [UNKNOWN, "a", "a", "a", "b", "b"]


def test_votes_score_is_the_mean() -> None:
    """A vote's score is the mean probability over the frames that were asked."""
    last = run(Deciding((2, 3)), A, A, (0.5, 0.4, 0.1))[-1]
    assert last.score == pytest.approx((0.8 + 0.8 + 0.5) / 3)


@pytest.mark.parametrize("smoothing", [None, (1, 1)])
def test_hysteresis_between_labels(smoothing: tuple[int, int] | None) -> None:
    """Another label must be ahead by that much."""
    close = [(0.5, 0.4, 0.1), (0.45, 0.5, 0.05), (0.5, 0.45, 0.05), (0.3, 0.6, 0.1)]
    assert labels(Deciding(smoothing, hysteresis=0.1), *close) == ["a", "a", "a", "b"]
    assert labels(Deciding(smoothing), *close) == ["a", "b", "a", "b"]


@pytest.mark.parametrize("smoothing", [None, (1, 1)])
def test_confidence_and_its_hysteresis(smoothing: tuple[int, int] | None) -> None:
    """Below the confidence it is unknown; what is decided may fall below it by the hysteresis."""
    frames = [(0.55, 0.4, 0.05), (0.65, 0.3, 0.05), (0.55, 0.4, 0.05), (0.45, 0.4, 0.15)]
    wanted = [UNKNOWN, "a", "a", UNKNOWN]
    assert labels(Deciding(smoothing, min_confidence=0.6, hysteresis=0.1), *frames) == wanted
    wanted = [UNKNOWN, "a", UNKNOWN, UNKNOWN]
    assert labels(Deciding(smoothing, min_confidence=0.6), *frames) == wanted


def test_confidence_of_one_label() -> None:
    """A label may need more than the others, or less."""
    deciding = Deciding(min_confidence=0.7, of_label={"b": 0.9, "c": 0.1})
    assert labels(deciding, A, B, (0.3, 0.3, 0.4)) == ["a", UNKNOWN, "c"]


def test_confidence_of_no_label() -> None:
    """A label that the model has not is refused by name."""
    with pytest.raises(UsageError, match=r"no label 'x' \(it has a, b, c\)"):
        Decider(ABC, Deciding(of_label={"x": 0.5}))


def test_cool_down() -> None:
    """After a change there is no other for so long; the score is the held label's meanwhile."""
    found = run(Deciding(cool_down=0.25), A, B, A, B, A)
    assert [one.label for one in found] == ["a", "a", "a", "b", "b"]
    assert found[1].score == pytest.approx(0.1)


def test_multilabel_holds_from_its_threshold() -> None:
    """Of a multilabel model the best label that holds is decided on, else it is unknown."""
    contract = Contract(("a", "b"), "gray", 4, 4, output="multilabel", threshold=0.6)
    frames = ((0.5, 0.4), (0.7, 0.9))
    assert labels(None, *frames, contract=contract) == [UNKNOWN, "b"]


def test_a_clip_that_begins_anew() -> None:
    """Where a source's clock jumps back the mean begins anew, and nothing waits for ever."""
    decider = Decider(ABC, Deciding(1.0, cool_down=100.0))
    decider.decide(np.array(A, np.float32), 1.0, 50.0)
    decision = decider.decide(np.array(B, np.float32), 1.1, 0.0)
    assert (decision.label, decision.changed) == ("b", True)


@pytest.mark.parametrize("smoothing", [(1, 2), (3, 2), (0, 1), 0.0, -1.0, 4000.0])
def test_smoothing_that_cannot_be(smoothing: float | tuple[int, int]) -> None:
    """Votes are more than half; seconds are more than none."""
    with pytest.raises(UsageError):
        Deciding(smoothing)


rows = st.lists(st.tuples(*[st.floats(0, 1, width=32)] * 3), min_size=1, max_size=30)


@given(
    rows,
    st.sampled_from([None, 0.3, (2, 3), (1, 1)]),
    st.floats(0, 0.9),
    st.floats(0, 0.5),
    st.floats(0, 1),
)
def test_always(
    frames: list[tuple[float, ...]],
    smoothing: float | tuple[int, int] | None,
    confidence: float,
    hysteresis: float,
    cool_down: float,
) -> None:
    """Whatever comes: a label or unknown, a score 0..1, changes told once and never too soon."""
    found = run(Deciding(smoothing, confidence, {}, hysteresis, cool_down), *frames)
    assert found[0].changed
    for one in found:
        assert one.label in ("a", "b", "c", UNKNOWN)
        assert -1e-6 <= one.score <= 1 + 1e-6
    for before, after in pairwise(found):
        assert after.changed == (after.label != before.label)
        assert after.since == before.since or after.changed
    changes = [one.since for one in found if one.changed]
    assert all(later - earlier >= cool_down - 1e-9 for earlier, later in pairwise(changes))
