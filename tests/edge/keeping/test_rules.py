"""Which frames are kept, and how many a day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.decisions import UNKNOWN, Decision
from edge.keeping.quota import Quota
from edge.keeping.rules import check_labels, parse
from edge.scored import Scored
from litescore.contract import Contract
from litescore.errors import PermanentError, UsageError
from tests.edge.scored_frame import CONTRACT, scored

MULTILABEL = Contract(("red", "green", "blue"), "rgb", 8, 8, output="multilabel", threshold=0.7)
DAY = 86_400


def decided(label: str, *, changed: bool, previous: str | None) -> Scored:
    return scored(decision=Decision(label, 0.9, 100.0, changed, previous))


@pytest.mark.parametrize(
    ("rule", "frame", "holds"),
    [
        ("least-sure:0.6", scored(0, (0.59, 0.41, 0)), True),
        ("least-sure:0.6", scored(0, (0.61, 0.39, 0)), False),
        # Nothing holds for sure: that is sure. Of one it is not.
        ("least-sure:0.6", scored(0, (0.01, 0.02, 0.01), contract=MULTILABEL), False),
        ("least-sure:0.6", scored(0, (0.99, 0.45, 0.01), contract=MULTILABEL), True),
        ("label:red", scored(), True),
        ("label:green", scored(), False),
        ("label:green", scored(0, (0.9, 0.7, 0), contract=MULTILABEL), True),
        ("label:green", scored(0, (0.1, 0.6, 0), contract=MULTILABEL), False),
        ("label:unknown", decided(UNKNOWN, changed=False, previous=None), True),
        ("label:unknown", scored(), False),
        ("change", decided("red", changed=True, previous="blue"), True),
        ("change", decided("red", changed=False, previous="blue"), False),
        # Else a loop that is started over and over would keep each first frame.
        ("change", decided("red", changed=True, previous=None), False),
        ("random:1", scored(), True),
    ],
)
def test_rules(rule: str, frame: Scored, holds: bool) -> None:
    """Each rule holds for what it says."""
    assert parse(rule).holds(frame) is holds
    assert parse(rule).words == rule


@pytest.mark.parametrize("rule", ["least-sure:0.6", "label:red", "label:unknown", "change"])
def test_failed_frame(rule: str) -> None:
    """There is nothing to be kept of a frame that is no picture."""
    assert not parse(rule).holds(scored(0, pixels=PermanentError("corrupt", "broken")))


def test_every_nth() -> None:
    """The third, the sixth, ..."""
    rule = parse("every:3")
    assert [rule.holds(scored(n)) for n in range(7)] == [False, False, True] * 2 + [False]


def test_label_of_another_model() -> None:
    """Where the model is replaced while the loop runs, its labels are the other one's."""
    rule = parse("label:green")
    other = Contract(("green", "violet"), "rgb", 8, 8)
    assert not rule.holds(scored(0, (0.9, 0.1, 0)))
    assert rule.holds(scored(0, (0.9, 0.1), contract=other))
    assert rule.holds(scored(0, (0.1, 0.9, 0)))
    assert not rule.holds(scored(0, (0.9, 0.1), contract=Contract(("a", "b"), "rgb", 8, 8)))


def test_random_share() -> None:
    """About so many."""
    rule, frame = parse("random:0.25"), scored()
    assert 150 < sum(rule.holds(frame) for _ in range(1000)) < 350


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("often", "one of least-sure:BELOW, label:NAME"),
        ("change:2", "one of"),
        ("label:", "one of"),
        ("least-sure", "a probability above 0, at most 1"),
        ("least-sure:60", "a probability above 0, at most 1"),
        ("least-sure:nan", "a probability above 0, at most 1"),
        ("random:0", "a share above 0, at most 1"),
        ("every:0", "a whole number above 0"),
        ("every:2.5", "a whole number above 0"),
    ],
)
def test_refused_rules(words: str, message: str) -> None:
    """What is no rule is refused with what it may be."""
    with pytest.raises(UsageError, match=message) as raised:
        parse(words)
    assert f"--keep-when {words}" in str(raised.value)


def test_refused_label() -> None:
    """A label that the model has not is refused with some that it has; `unknown` it need not have."""
    check_labels([parse("label:red"), parse("label:unknown"), parse("every:2")], CONTRACT.labels)
    with pytest.raises(UsageError, match=r"label:purple: the model has no .* red, green, blue"):
        check_labels([parse("label:purple")], CONTRACT.labels)


class Clocks:
    """A boot id, a monotonic clock and a clock that a test sets."""

    def __init__(self, path: Path, per_day: int) -> None:
        self.path, self.per_day = path, per_day
        self.boot, self.monotonic, self.clock = "first", 1000.0, 1.7e9
        self.start()

    def start(self) -> None:
        """A new process on the same state."""
        self.quota = Quota(
            self.per_day,
            self.path,
            boot=self.boot,
            monotonic=lambda: self.monotonic,
            clock=lambda: self.clock,
        )

    def reboot(self, clock: float) -> None:
        """The monotonic clock begins again, and the clock says whatever it says."""
        self.boot, self.monotonic, self.clock = f"{self.boot}+", 5.0, clock
        self.start()

    def take(self) -> int:
        """How many there are now; written down."""
        count = 0
        while self.quota.take():
            count += 1
            assert count < 10_000
        self.quota.save()
        return count

    def pass_by(self, seconds: float) -> None:
        self.monotonic += seconds
        self.clock += seconds


@pytest.fixture
def clocks(tmp_path: Path) -> Clocks:
    return Clocks(tmp_path / "quota.json", 100)


@pytest.mark.parametrize("per_day", [1, 2, 3, 4, 5, 10, 100, 1000])
def test_any_24_hours(tmp_path: Path, per_day: int) -> None:
    """However greedily it is taken, no 24 hours have more than the quota; three days have nearly all."""
    clocks = Clocks(tmp_path / "quota.json", per_day)
    taken: list[float] = []
    for _ in range(3 * 24 * 12):
        while clocks.quota.take():
            taken.append(clocks.monotonic)
        clocks.pass_by(300)
    for begin in taken:
        assert sum(begin <= at < begin + DAY for at in taken) <= per_day
    assert len(taken) >= 3 * per_day * 0.7


def test_quarter_at_once(clocks: Clocks) -> None:
    """A quarter is there at once, the rest comes over the day."""
    assert clocks.take() == 25
    clocks.pass_by(DAY / 4)
    assert clocks.take() in (18, 19)


@pytest.mark.parametrize("jump", [-3600, -10 * 365 * DAY, 3600, DAY, 50 * 365 * DAY])
def test_clock_jumps(clocks: Clocks, jump: int) -> None:
    """Whatever the clock does while the device runs, it neither gives anything nor takes it away."""
    assert clocks.take() == 25
    clocks.clock += jump
    clocks.start()
    assert clocks.take() == 0
    clocks.clock += jump
    assert clocks.take() == 0
    clocks.pass_by(DAY / 4)
    assert clocks.take() in (18, 19)


def test_restart(clocks: Clocks) -> None:
    """A new process goes on with what is left, and has the time in between."""
    clocks.take()
    clocks.start()
    assert clocks.take() == 0
    clocks.pass_by(DAY / 4)
    clocks.start()
    assert clocks.take() in (18, 19)


def test_reboot(clocks: Clocks) -> None:
    """Over a reboot the clock counts: set back it gives nothing and takes nothing, set ahead it gives
    a quarter, and never blocks afterwards.
    """
    clocks.quota.save()
    clocks.reboot(clocks.clock - DAY)
    assert clocks.take() == 25
    clocks.reboot(clocks.clock + DAY / 4)
    assert clocks.take() in (18, 19)
    clocks.reboot(0.0)
    assert clocks.take() == 0
    clocks.reboot(4e9)
    assert clocks.take() == 25
    clocks.reboot(1.7e9)
    assert clocks.take() == 0
    clocks.pass_by(DAY / 4)
    assert clocks.take() in (18, 19)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"credit": "x"}', "\0\0\0\0"])
def test_broken_state(clocks: Clocks, text: str) -> None:
    """A state that cannot be read gives nothing at first, and is written over."""
    clocks.take()
    clocks.path.write_text(text)
    clocks.start()
    assert clocks.take() == 0
    assert json.loads(clocks.path.read_text())["boot"] == "first"
    clocks.pass_by(DAY / 4)
    assert clocks.take() in (18, 19)


def test_smaller_quota(clocks: Clocks) -> None:
    """A quota that was made smaller holds at once, one that was made larger grows into it."""
    clocks.per_day = 8
    clocks.quota.save()
    clocks.start()
    assert clocks.take() == 2
    clocks.per_day = 0
    clocks.start()
    assert all(clocks.quota.take() for _ in range(5000))
