"""What a release on trial must show, and what is held against it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.releases import trial as trials
from edge.releases.trial import Tally, Terms, Trial
from edge.scored import Scored
from litescore.errors import PermanentError
from tests.edge.scored_frame import scored

DIGEST = "0" * 64
TERMS = Terms(seconds=60.0, frames=40, slower=5.0)

Pass = Callable[[float], None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Pass:
    """Lets time pass for a trial: an hour of a slow camera takes none."""
    now = [1000.0]
    monkeypatch.setattr(trials.time, "monotonic", lambda: now[0])

    def go_on(seconds: float) -> None:
        now[0] += seconds

    return go_on


def frame(seconds: float | None = 0.01, *, model: str = DIGEST) -> Scored:
    """A frame that took the model so long; a failed one where that is None."""
    made = scored(pixels=PermanentError("corrupt", "torn") if seconds is None else None)
    made.model, made.model_seconds = model, seconds
    return made


def tally(well: int, failed: int = 0, seconds: float = 0.01) -> Tally:
    """What the release before came to."""
    made = Tally()
    for _ in range(well):
        made.add(frame(seconds))
    for _ in range(failed):
        made.add(frame(None))
    return made


def show(trial: Trial, count: int, seconds: float | None = 0.01) -> None:
    for _ in range(count):
        trial.see(frame(seconds))


def test_it_passes_after_time_and_frames(wait: Pass) -> None:
    """Both, and not before: many frames in a moment prove as little as hours without one."""
    trial = Trial(DIGEST, tally(100), TERMS)
    show(trial, 40)
    assert not trial.passed
    wait(59.0)
    assert not trial.passed
    assert trial.left == pytest.approx(1.0)
    wait(1.0)
    assert trial.passed
    assert trial.fault() is None


def test_too_few_frames_pass_nothing(wait: Pass) -> None:
    """However long; what is left then are frames, not seconds."""
    trial = Trial(DIGEST, tally(100), TERMS)
    wait(3600.0)
    show(trial, 39)
    assert not trial.passed
    assert trial.left == 0.0
    show(trial, 1)
    assert trial.passed


def test_a_camera_at_a_frame_an_hour(wait: Pass) -> None:
    """It is on trial for as long as its frames take, and neither passed nor left for its slowness."""
    trial = Trial(DIGEST, tally(100), TERMS)
    for _ in range(39):
        wait(3600.0)
        show(trial, 1)
        assert trial.fault() is None
        assert not trial.passed
    wait(3600.0)
    show(trial, 1)
    assert trial.passed


@pytest.mark.parametrize(
    ("before", "well", "failed", "left"),
    [
        (tally(100), 8, 2, False),
        (tally(100), 7, 3, True),
        (tally(50, failed=50), 4, 6, False),
        (tally(50, failed=50), 2, 8, True),
    ],
    ids=["a few", "too many", "as many as before", "more than before"],
)
def test_failures(before: Tally | None, well: int, failed: int, left: bool) -> None:
    """A fifth of the frames more than with the release before, and the numbers are told."""
    trial = Trial(DIGEST, before, TERMS)
    show(trial, well)
    show(trial, failed, None)
    fault = trial.fault()
    assert (fault is not None) is left
    assert fault is None or f"{failed} of 10 frames failed with it" in fault


def test_a_failure_among_the_first_frames() -> None:
    """Says nothing yet: it takes a quarter of the frames to judge."""
    trial = Trial(DIGEST, tally(100), TERMS)
    show(trial, 9, None)
    assert trial.fault() is None
    show(trial, 1, None)
    assert trial.fault() is not None


@pytest.mark.parametrize(("seconds", "left"), [(0.049, False), (0.051, True)])
def test_slowness(seconds: float, left: bool) -> None:
    """Five times the median of the release before; and both are told."""
    trial = Trial(DIGEST, tally(100, seconds=0.01), TERMS)
    show(trial, 10, seconds)
    fault = trial.fault()
    assert (fault is not None) is left
    assert fault is None or fault == "the model takes 51 ms, the one before 10"


def test_a_few_slow_frames() -> None:
    """The machine was busy: medians are held against each other."""
    trial = Trial(DIGEST, tally(100, seconds=0.01), TERMS)
    show(trial, 4, 3.0)
    show(trial, 6, 0.01)
    assert trial.fault() is None


def test_slowness_with_nothing_before() -> None:
    """There is nothing that it could be slower than."""
    for before in (None, tally(0), tally(0, failed=20)):
        trial = Trial(DIGEST, before, TERMS)
        show(trial, 10, 9.0)
        assert trial.fault() is None


def test_frames_of_the_release_before() -> None:
    """Those that it still scored while the new one was being taken are not the new one's."""
    trial = Trial(DIGEST, tally(100), TERMS)
    for _ in range(100):
        trial.see(frame(None, model="1" * 64))
    assert trial.tally.frames == 0
    assert trial.fault() is None
