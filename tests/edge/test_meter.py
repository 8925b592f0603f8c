"""What the loop counts and times, over a clock of the test's."""

from __future__ import annotations

import pytest

from edge import meter
from edge.meter import Meter, Recent
from tests.edge.test_emission import scored


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in its one element."""
    now = [1000.0]
    monkeypatch.setattr(meter.time, "monotonic", lambda: now[0])
    return now


def play(counted: Meter, clock: list[float], frames: int, rate: float, latency: float) -> None:
    for _ in range(frames):
        clock[0] += 1 / rate
        counted.done(scored(clock[0] - latency), emitted=False)


def test_fps_is_of_the_last_ten_seconds(clock: list[float]) -> None:
    """A camera that became slower is told as it is now; one that stopped comes to nothing."""
    counted = Meter()
    play(counted, clock, 900, 30, 0.0)
    assert counted.fps == pytest.approx(30, rel=0.02)
    play(counted, clock, 60, 5, 0.0)
    assert counted.fps == pytest.approx(5, rel=0.1)
    clock[0] += 20
    assert counted.fps == 0


def test_fps_at_the_start(clock: list[float]) -> None:
    """Before ten seconds are over it is of those that passed."""
    counted = Meter()
    play(counted, clock, 60, 30, 0.0)
    assert counted.fps == pytest.approx(30, rel=0.1)


def test_fps_of_more_than_are_remembered(clock: list[float]) -> None:
    """A folder may give a thousand frames a second."""
    counted = Meter()
    play(counted, clock, 20_000, 1000, 0.0)
    assert counted.fps == pytest.approx(1000, rel=0.01)


def test_latency(clock: list[float]) -> None:
    """From a frame's capture to its record, in milliseconds."""
    counted = Meter()
    assert counted.latency_ms() == {}
    play(counted, clock, 99, 30, 0.020)
    play(counted, clock, 1, 30, 0.5)
    found = counted.latency_ms()
    assert found["p50"] == pytest.approx(20)
    assert found["p90"] == pytest.approx(20)
    assert 20 < found["p99"] <= 500


def test_counts(clock: list[float]) -> None:
    """Frames, those that failed, those that were told."""
    counted = Meter()
    counted.done(scored(1000.0), emitted=True)
    counted.done(scored(1000.0, failed=True), emitted=True)
    counted.done(scored(1000.0), emitted=False)
    assert (counted.frames, counted.failed, counted.emitted) == (3, 1, 2)
    counted.invoked(0.25)
    clock[0] += 1.5
    assert str(counted.summary()) == "3 frames (1 failed), 2.0 frames/s, model p50 250 ms"


def test_only_the_last_are_remembered() -> None:
    """A year of numbers takes the room of 4,096."""
    recent = Recent()
    for number in range(10_000):
        recent.add(number)
    assert sorted(recent.values()) == list(range(10_000 - 4096, 10_000))


def test_before_the_first_frame() -> None:
    """Nothing yet is a rate of 0 and no latencies, not an error."""
    meter = Meter()
    assert (meter.fps, meter.latency_ms(), meter.invoke_ms()) == (0.0, {}, {})
