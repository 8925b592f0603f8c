"""Which frames are told, and how the command line says so."""

from __future__ import annotations

import numpy as np
import pytest

from edge import decision_options
from edge.decision_options import DecisionOptions
from edge.decisions import Decision
from edge.device import Device
from edge.emission import Emission, Telling
from edge.frames import Frame
from edge.scored import Scored
from litescore.contract import Contract
from litescore.errors import PermanentError, UsageError
from litescore.record import Subject

CONTRACT = Contract(("a", "b"), "gray", 4, 4)
NOTHING_SAID = DecisionOptions(None, (), None, 0.0, None)


def scored(seconds: float, *, changed: bool = False, failed: bool = False) -> Scored:
    error = PermanentError("corrupt", "a test") if failed else None
    frame = Frame(Subject("camera"), 0, seconds, error or np.zeros((4, 4, 3), np.uint8))
    decision = None if failed else Decision("a", 0.5, 0.0, changed, None)
    probabilities = None if failed else np.array([0.5, 0.5], np.float32)
    return Scored(
        frame,
        probabilities,
        decision,
        error,
        contract=CONTRACT,
        model="m",
        device=Device("pi", "boot", 0),
        top=1,
    )


def told(words: str, frames: list[Scored]) -> list[int]:
    """The numbers of the frames that are told."""
    emission = Emission(Telling.parse(words))
    return [number for number, frame in enumerate(frames) if emission.due(frame)]


def frames() -> list[Scored]:
    """Ten frames, one a second; the decision changes at 0, 4 and 5."""
    return [scored(float(second), changed=second in (0, 4, 5)) for second in range(10)]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("every", list(range(10))),
        ("change", [0, 4, 5]),
        ("3", [0, 3, 6, 9]),
        ("2.5", [0, 3, 6, 9]),
        ("change,3", [0, 3, 4, 5, 8]),
        ("100", [0]),
    ],
)
def test_which_are_told(words: str, wanted: list[int]) -> None:
    """Every frame, changes, one so often, or changes and at least one so often."""
    assert told(words, frames()) == wanted


def test_a_failed_frame_is_always_told() -> None:
    """It has no decision that could have changed."""
    assert told("change", [scored(0, changed=True), scored(1, failed=True), scored(2)]) == [0, 1]


@pytest.mark.parametrize("words", ["", "never", "0", "-1", "inf", "nan", "1,2", "change;3"])
def test_other_words_are_refused(words: str) -> None:
    """What cannot be read is named with what can."""
    with pytest.raises(UsageError, match="--emit"):
        Telling.parse(words)


def test_a_camera_is_smoothed_and_told_on_change() -> None:
    """Where nothing is said, a camera's frames flicker and a folder's do not."""
    live = decision_options.deciding(NOTHING_SAID, live=True)
    still = decision_options.deciding(NOTHING_SAID, live=False)
    assert (live.smoothing, live.hysteresis) == (0.5, 0.1)
    assert (still.smoothing, still.hysteresis) == (None, 0.0)
    assert decision_options.telling(NOTHING_SAID, live=True) == Telling(change=True)
    assert decision_options.telling(NOTHING_SAID, live=False) == Telling(every=True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("none", None), ("exponential:0.5", 0.5), ("votes:3/5", (3, 5))],
)
def test_smooth(text: str, wanted: object) -> None:
    """The three ways to smooth."""
    assert decision_options.smoothing(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "exponential", "exponential:x", "votes:3", "votes:3/x", "mean:3", "0.5"]
)
def test_smooth_refused(text: str) -> None:
    """Other words are refused with what there is."""
    with pytest.raises(UsageError, match=r"--smooth .*votes:K/N"):
        decision_options.smoothing(text)


def test_confidences() -> None:
    """One of all labels, and some of single ones; a label may hold an equals sign."""
    assert decision_options.confidences(("0.6", "shoe=0.8", "a=b=0.9")) == (
        0.6,
        {"shoe": 0.8, "a=b": 0.9},
    )


@pytest.mark.parametrize(
    "words", [("x",), ("1.5",), ("a=",), ("a=-1",), ("0.5", "0.6"), ("a=0.5", "a=0.6"), ("nan",)]
)
def test_confidences_refused(words: tuple[str, ...]) -> None:
    """No probability, or the same thing twice."""
    with pytest.raises(UsageError, match="--min-confidence"):
        decision_options.confidences(words)
