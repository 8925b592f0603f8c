"""When to stop: by the time that is left, the steps so far, and what is under way."""

from __future__ import annotations

from types import SimpleNamespace

from lambda_handler.deadline import FLUSH, Deadline


class _Time:
    """A clock that a test moves, and the Lambda context that goes by it."""

    def __init__(self, seconds: float) -> None:
        self.now, self.end = 0.0, seconds
        self.context = SimpleNamespace(
            get_remaining_time_in_millis=lambda: (self.end - self.now) * 1000
        )
        self.deadline = Deadline(self.context, lambda: self.now)

    def after(self, seconds: float) -> bool:
        self.now += seconds
        return self.deadline()


def test_it_is_not_late_while_there_is_time() -> None:
    """A step of a second, a minute left."""
    time = _Time(60)
    assert not time.after(0)
    assert not time.after(1)


def test_the_flush_is_kept_back() -> None:
    """Nothing is begun that leaves no time to write what is done."""
    assert _Time(FLUSH - 0.1).after(0)
    assert not _Time(FLUSH + 0.1).after(0)


def test_a_slow_step_is_expected_again_and_forgotten_slowly() -> None:
    """After ten seconds for a step, twenty and the flush are needed; after many quick ones, less."""
    time = _Time(31)
    assert time.after(10)
    time = _Time(33)
    assert not time.after(10)
    for _ in range(20):
        assert not time.after(0.01)
    time.end = time.now + 10
    assert not time.after(0.01)


def test_what_is_under_way_counts() -> None:
    """A hundred images begun at a tenth of a second each are ten seconds."""
    time = _Time(1000)
    time.deadline.begun, time.deadline.done = 110, 10
    time.after(0.5)
    time.after(0.5)
    time.end = time.now + 10
    assert time.after(0)


def test_late_stays_late() -> None:
    """Else a batch would go on with a hole in it."""
    time = _Time(1)
    assert time.after(0)
    time.end = 1000
    assert time.after(0)


def test_without_a_context_there_is_no_deadline() -> None:
    """A call from Python has all the time it wants."""
    assert not Deadline(None)()
