"""Which way is cheapest: held against counting every number of images."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cost import cheapest
from infra.cost.prices import shipped
from infra.cost.ways import PARTS, PATHS, Way, all_ways
from infra.cost.work import Assumed, Work


def by_counting(ways: list[Way], limit: int) -> list[tuple[int, Way]]:
    """The same, the slow way."""
    found: list[tuple[int, Way]] = []
    for images in range(1, limit + 1):
        best = min(ways, key=lambda way: way.dollars(images))
        # A tie stays with who reigns, or else goes to the first.
        if found and found[-1][1].dollars(images) == best.dollars(images):
            continue
        found.append((images, best))
    return found


_LIMIT = 100
# Small batches and instances that are full soon: many bends in few images.
SMALL = st.builds(
    Assumed,
    queue_batch=st.integers(1, 40), map_batch=st.integers(1, 90), listed=st.integers(1, 50),
    shares=st.integers(2, 5), part_images=st.integers(1, 80), share_start_s=st.floats(0, 1),
    sqs_polls=st.integers(0, 40), run_transitions=st.integers(0, 3),
    month_hours=st.floats(0.01, 0.5), disk_gb=st.just(0), arm_time=st.floats(0.5, 2),
)  # fmt: skip


@settings(deadline=None, max_examples=10)
@given(SMALL, st.floats(1, 60_000), st.integers(1, 60))
def test_exact_against_counting(assumed: Assumed, milliseconds: float, shard: int) -> None:
    """Every change of the cheapest, at the very image, in the first few."""
    ways = all_ways(Work(milliseconds, shard_images=shard, assumed=assumed), shipped())
    found = [(reign.first, reign.way.name) for reign in cheapest.reigns(ways, _LIMIT)]
    assert found == [(first, way.name) for first, way in by_counting(ways, _LIMIT)]


def straight(name: str, once: float, each: float) -> Way:
    """A way of one straight line."""
    return Way(name, "lambda", "", lambda n: {"compute": Fraction(once) + Fraction(each) * n},
               lambda _limit: [])  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("a", 0, 2), ("b", 10, 1)], [(1, "a"), (11, "b")]),
        ([("a", 0, 1), ("b", 0, 1)], [(1, "a")]),
        ([("a", 0, 3), ("b", 10, 2), ("c", 30, 1)], [(1, "a"), (11, "b"), (21, "c")]),
        ([("a", 0, 3), ("b", 100, 2), ("c", 30, 1)], [(1, "a"), (16, "c")]),
    ],
    ids=["cross", "tie", "three", "skipped"],
)
def test_lines_on_paper(lines: list[tuple[str, float, float]], expected: object) -> None:
    """At equal cost the one before stays; one that is never the lowest is not named."""
    found = cheapest.reigns([straight(*line) for line in lines], 1000)
    assert [(reign.first, reign.way.path) for reign in found] == expected


@settings(deadline=None, max_examples=25)
@given(st.floats(0.01, 1e5), st.integers(1, 10**9))
def test_more_images_never_cost_less(milliseconds: float, images: int) -> None:
    """Of every way; and each part is one that the table has, none below zero."""
    for way in all_ways(Work(milliseconds), shipped()):
        assert way.dollars(images) <= way.dollars(images + 1)
        parts = way.parts(images)
        assert set(parts) == set(PARTS)
        assert min(parts.values()) >= 0
        assert way.path in PATHS


def test_a_model_too_slow_to_count_all_instances() -> None:
    """It is looked at less far, and says how far."""
    ways = all_ways(Work(600_000), shipped())
    assert cheapest.reach(ways) < cheapest.MOST
    assert cheapest.reach(all_ways(Work(6), shipped())) == cheapest.MOST
