"""Old frames of a stream told from new ones by their time stamps."""

from __future__ import annotations

import math

from edge.frames.freshness import PROMPT, LiveEdge

STEP = 1 / 30


def opened(edge: LiveEdge, *, buffered: int = 30) -> tuple[float, float]:
    """Feed what was buffered at the opening, then ten frames as they are made; the last of them:
    its own time and ours.
    """
    position, now = 5.0, 1000.0
    for _ in range(buffered):
        position, now = position + STEP, now + 0.001
        assert edge.waited(position, now) == math.inf
    for _ in range(10):
        position, now = position + STEP, now + STEP
        edge.waited(position, now)
    assert edge.waited(position + STEP, now + STEP) < 0.001
    return position + STEP, now + STEP


def test_what_was_buffered_at_the_opening_waited() -> None:
    """Frames that come faster than they were made are old; the first ones at their own rate new."""
    edge = LiveEdge()
    position, now = opened(edge)
    for _ in range(1000):
        position, now = position + STEP, now + STEP
        assert edge.waited(position, now) < 0.001


def test_what_gathered_during_a_stall_waited() -> None:
    """After two seconds of silence the frames of that time come at once: each says how long it
    waited, the last that it did not.
    """
    edge = LiveEdge()
    position, now = opened(edge)
    now += 2
    waited = []
    for _ in range(60):
        position += STEP
        now += 0.001
        waited.append(edge.waited(position, now))
    assert abs(waited[0] - 1.97) < 0.05
    assert waited == sorted(waited, reverse=True)
    assert waited[-1] < PROMPT


def test_clocks_that_differ() -> None:
    """A sender's clock that is off by a thousandth of a thousandth makes no frame old, in a day."""
    for rate in (1 - 1e-4, 1 + 1e-4):
        edge = LiveEdge()
        position, now = opened(edge)
        for _ in range(86_400):
            position, now = position + rate, now + 1
            assert edge.waited(position, now) < PROMPT


def test_clock_that_jumps() -> None:
    """A stream whose clock is set back is not held for late for ever."""
    edge = LiveEdge()
    position, now = opened(edge)
    position -= 100
    late = 0
    for _ in range(300):
        position, now = position + STEP, now + STEP
        late += edge.waited(position, now) > PROMPT
    assert 0 < late < 60
    assert edge.waited(position + STEP, now + STEP) < PROMPT


def test_stream_without_time_stamps() -> None:
    """Where they do not move they tell nothing: every frame is new."""
    edge = LiveEdge()
    waited = [edge.waited(0.0, 1000 + n * STEP) for n in range(200)]
    assert set(waited[4:]) == {0.0}


def test_stream_that_never_settles() -> None:
    """A sender faster than twice the rate it claims is believed after a while."""
    edge = LiveEdge()
    waited = [edge.waited(n * STEP, 1000 + n * STEP / 3) for n in range(200)]
    assert waited[0] == math.inf
    assert waited[-1] == 0.0
