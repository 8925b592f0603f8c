"""Dollars to images and back: exact, and the very figures of the command."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cost import ways
from infra.cost.budget import MOST_IMAGES, Budget
from infra.cost.prices import shipped
from infra.cost.work import ARCHES, Assumed, Work
from litescore.errors import UsageError
from tests.litescore.conftest import Say

SPEEDS = st.floats(0.01, 60_000)
MEMORIES = st.integers(128, 10_240)


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 1e5), SPEEDS, MEMORIES, st.sampled_from(ARCHES))
def test_a_budget_buys_so_many_images_and_not_one_more(
    dollars: float, milliseconds: float, memory: int, arch: str
) -> None:
    """To the last image, from nothing to a hundred thousand dollars."""
    budget = Budget(milliseconds, memory, arch)
    images = budget.images(dollars)
    cost, more = (budget.dollars(n) for n in (images, images + 1))
    assert cost <= dollars < more


@pytest.mark.parametrize("images", [1, 999, 123_456])
def test_what_images_cost_buys_them(images: int) -> None:
    """The very sum, to the last digit, is enough."""
    budget = Budget(6.4, 1769, "x86_64")
    assert budget.images(budget.dollars(images)) == images


def test_no_dollars_buy_nothing_and_free_things_have_an_end() -> None:
    """Both ends of the scale."""
    budget = Budget(5, 1769, "arm64")
    assert budget.images(0) == 0
    assert budget.dollars(0) == 0
    assert budget.images(1e300) == MOST_IMAGES


@pytest.mark.parametrize(
    "wrong",
    [{"milliseconds": 0}, {"memory": -1}, {"arch": "sparc"}, {"milliseconds": float("nan")}],
    ids=["no-time", "memory", "arch", "nan"],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """As wrong words of the command that asks."""
    words = {"milliseconds": 5, "memory": 1769, "arch": "arm64"} | wrong
    with pytest.raises(UsageError):
        Budget(**words)  # type: ignore[arg-type]


def test_no_number_from_nothing_on_is_refused() -> None:
    """Of images, and of dollars."""
    budget = Budget(5, 1769, "arm64")
    with pytest.raises(UsageError, match="-1 images"):
        budget.dollars(-1)
    for wrong in (-1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="dollars"):
            budget.images(wrong)


def test_the_commands_figure(say: Say) -> None:
    """The backfill's row of `litescore cost` is what the budget counts with."""
    said = say("cost", "--images", "123456", "--milliseconds", "6.4", "--memory", "1024",
               "--kilobytes", "40", "--json")  # fmt: skip
    rows = {(row["path"], row["arch"]): row["dollars"] for row in json.loads(said.out)["ways"]}
    for arch in ARCHES:
        counted = Budget(6.4, 1024, arch, kilobytes=40).dollars(123456)
        assert rows["backfill", arch] == counted


def test_what_a_function_was_paid_for_is_paid_for() -> None:
    """Of a small function it counts as it was measured there, not once more for its size; and the
    wait for S3 is in it.
    """
    twice = Assumed(arm_time=2)
    there = Budget(20, 885, "x86_64", assumed=twice, billed=True).dollars(10**6)
    anywhere = Budget(10, 885, "x86_64", assumed=twice).dollars(10**6)
    assert there == pytest.approx(anywhere, rel=0.001)
    arm = Budget(20, 885, "arm64", assumed=twice, billed=True).dollars(10**6)
    assert arm < there


def test_a_backfill_counted_by_hand() -> None:
    """A million images of 10 ms with round assumptions, each part worked out on paper."""
    assumed = Assumed(get_ms=0, cold_share=0, log_bytes=0, record_bytes=0, map_batch=1000,
                      map_transitions=3, run_transitions=0)  # fmt: skip
    work = Work(10, memory=1024, kilobytes=0.001, assumed=assumed)
    parts = ways.backfill(work, shipped(), "x86_64").parts(1_000_000)
    # A GET each, a LIST and a PUT and an invocation a thousand.
    assert parts["requests"] == pytest.approx(0.40 + 0.005 + 0.005 + 0.0002)
    # Three thousand state transitions.
    assert parts["workflow"] == pytest.approx(0.075)
    # 10,000 s of 1 GB, each 1769/1024 times as long on less than a processor.
    assert parts["compute"] == pytest.approx(10_000 * 1769 / 1024 * 0.0000166667)
    assert parts["queue"] == parts["storage"] == 0
