"""The simulation of a day on AWS: it loses nothing, keeps to known laws, and names what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import infra
from benchmarks.scale import paths, queue, simulation
from benchmarks.scale.growth import Growth, Taken
from benchmarks.scale.paths import Shape
from benchmarks.scale.queue import RECEIVES, STEP, arrivals, run
from benchmarks.scale.quotas import QUOTAS, quota
from benchmarks.scale.simulation import Scenario
from benchmarks.scale.stack import Stack
from infra.cloud.backfills import lists, scope
from infra.cost import prices, ways
from infra.cost.work import Assumed, Work

TEMPLATE = (Path(infra.__file__).parent / "template.yaml").read_text()
PLENTY = 900
STACKS = st.builds(
    Stack,
    image_seconds=st.floats(0.0005, 2),
    batch_size=st.integers(1, 2000),
    batching_window=st.integers(1, 300),
    maximum_concurrency=st.integers(2, 1000),
    timeout=st.sampled_from([30, 120, 900]),
    input_prefixes=st.integers(1, 20),
    images_a_message=st.sampled_from([1, 100]),
    others=st.integers(0, 990),
    failing=st.floats(0, 1),
)


@settings(deadline=None, max_examples=25)
@given(STACKS, st.integers(1, 2_000_000), st.sampled_from([STEP, 600.0, 3600.0]))
def test_nothing_is_lost(stack: Stack, images: int, over: float) -> None:
    """Arrived = scored + dead + dropped + what waits still, whatever throttles and fails."""
    day = run(stack, arrivals(images, over), most=2 * 3600)
    told = (day.scored, day.dead, day.dropped, day.left)
    assert day.arrived == images
    assert min(told) >= 0
    assert sum(told) == pytest.approx(images, rel=1e-6, abs=1e-3)
    assert max(day.concurrency) <= min(stack.maximum_concurrency, 1000 - stack.others) + 1e-6


@pytest.mark.parametrize("each", [0.002, 0.02, 0.2])
def test_littles_law(each: float) -> None:
    """At a steady rate: functions at work = images a second times seconds of an image."""
    stack = Stack(each, maximum_concurrency=PLENTY)
    day = run(stack, [1000] * 60)
    seconds = stack.seconds(day.batch) / day.batch
    assert day.concurrency[-1] == pytest.approx(1000 / STEP * seconds, rel=0.02)
    assert day.billed == pytest.approx(day.scored * seconds, rel=0.02)


def test_a_backlog_goes_at_the_functions_pace() -> None:
    """A million at once: over after images times seconds over functions."""
    stack = Stack(0.05, maximum_concurrency=20)
    day = run(stack, arrivals(1_000_000, STEP))
    expected = 1_000_000 * stack.seconds(100) / 100 / 20
    assert day.finished == pytest.approx(expected, rel=0.01)
    assert max(day.age) == pytest.approx(expected, rel=0.01)
    assert day.first == "MaximumConcurrency"


def test_what_always_fails_is_a_dead_letter_after_five_times() -> None:
    """The fifth power of the share that fails, and not before four visibility timeouts."""
    stack = Stack(0.001, failing=0.5)
    day = run(stack, arrivals(100_000, STEP))
    assert day.dead == pytest.approx(100_000 * 0.5**RECEIVES, rel=0.01)
    assert day.finished > (RECEIVES - 1) * stack.hidden


def test_the_account_is_full() -> None:
    """Functions that are not ours: batches are throttled, and some are dead letters."""
    day = run(Stack(0.1, others=999, maximum_concurrency=10), arrivals(100_000, 600))
    assert day.throttled > 0
    assert "account concurrency" in day.bound
    assert day.dead > 0


def test_s3_answers_no_faster() -> None:
    """A thousand functions at one prefix: 5,500 images a second, at many times the price; at twenty
    prefixes four times as many.
    """
    one, many = (
        run(Stack(0.0064, maximum_concurrency=1000, input_prefixes=prefixes), arrivals(20_000_000, STEP))
        for prefixes in (1, 20)
    )  # fmt: skip
    assert one.finished > 20_000_000 / quota("S3 reads")
    assert "S3 reads" in one.bound
    assert one.billed > 5 * run(Stack(0.0064), arrivals(20_000_000, STEP)).billed
    assert many.finished < one.finished / 4


def test_what_waits_too_long_is_gone() -> None:
    """Images of a second each, more than ten functions score in four days."""
    day = run(Stack(1.0), arrivals(5_000_000, 3600), most=4.5 * queue.DAY)
    assert day.dropped > 1_000_000
    assert "queue's retention" in day.bound


def test_functions_come_as_lambda_adds_them() -> None:
    """Five at first, then 300 more a minute."""
    day = run(Stack(1.0, maximum_concurrency=1000), arrivals(1_000_000, STEP))
    first_minute = day.concurrency[int(60 / STEP) - 1]
    assert first_minute == pytest.approx(5 + 300, abs=1)


def test_every_limit_that_is_named_exists() -> None:
    """What a day tells, what moves it; each with a page of AWS's and a value."""
    assert all(one.value > 0 and one.unit and one.moved_by for one in QUOTAS.values())
    assert all(
        re.match(r"https://docs\.aws\.amazon\.com/\S+\.html$", q.page) for q in QUOTAS.values()
    )
    told = set()
    for stack in (Stack(1.0, others=995), Stack(0.001, 10_000, maximum_concurrency=1000),
                  Stack(3.0, maximum_concurrency=1000)):  # fmt: skip
        day = run(stack, arrivals(10_000_000, 600), most=4 * 3600)
        told |= day.bound.keys()
        assert day.peaks.keys() <= QUOTAS.keys()
    assert len(told) > 5
    assert told <= simulation.MOVED_BY.keys()
    assert quota("Map items") == scope.ALL
    assert quota("Map's manifest") == lists._MOST_BYTES
    with pytest.raises(KeyError):
        quota("what there is not")


@pytest.mark.parametrize("name", ["BatchSize", "BatchingWindow", "MaximumConcurrency", "Timeout"])
def test_settings_are_the_templates(name: str) -> None:
    """Names and defaults."""
    block = re.search(rf"^  {name}:\n((?:    .*\n)+)", TEMPLATE, re.MULTILINE)
    assert block
    default = re.search(r"Default: (\d+)", block[1])
    assert default
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    ours = {one.name: one.default for one in fields(Stack)}
    assert ours[snake] == int(default[1])


@pytest.mark.parametrize("timeout", [30, 60, 120, 300, 600, 900])
def test_waits_are_the_templates(timeout: int) -> None:
    """Visibility timeout and the alarm's age for each Timeout."""
    stack = Stack(0.01, timeout=timeout)
    assert f'"{timeout}": {{Hidden: {stack.hidden:.0f}, Late: {stack.late:.0f}}}' in TEMPLATE
    assert f"maxReceiveCount: {RECEIVES}" in TEMPLATE
    assert f'"MaxItemsPerBatch": {paths.BATCH_ITEMS}' in TEMPLATE
    assert f'"MaxInputBytesPerBatch": {paths.BATCH_BYTES}' in TEMPLATE


def test_dollars_are_those_of_litescore_cost() -> None:
    """A day in full batches costs a thirtieth of the month that `infra.cost` tells."""
    shape = simulation.shape_of("photos")
    one = Scenario(10_000_000, 3600, Stack(shape.image_seconds, maximum_concurrency=50))
    day = one.run()
    work = Work(
        day.billed / day.scored * 1000, kilobytes=shape.work.kilobytes, billed=True,
        assumed=Assumed(queue_batch=day.batch),
    )  # fmt: skip
    month = ways.events(work, prices.shipped(), "x86_64").dollars(300_000_000)
    assert simulation.dollars(shape, one, day) == pytest.approx(float(month) / 30)


def test_everything_is_told() -> None:
    """The command's lines, for few images."""
    shape = Shape(Work(6.4, kilobytes=60))
    stack = Stack(shape.image_seconds)
    text = "\n".join(simulation.lines(shape, stack, [10_000], [10], 0))
    for word in ("events", "backfill", "array job", "nights", "devices", "held up by: nothing"):
        assert word in text


def test_a_start_is_no_images_cost() -> None:
    """What one image took is taken off before the rest is divided; runs of one size are averaged."""
    start = {"score": Taken("score", 1, 1.0, 1.0, 90.0)}
    taken = [Taken("score", 1000, cpu, 2.0, 95.0) for cpu in (1.4, 1.6)]
    found = Growth(start, taken, [])
    assert found.each("score", 1000) == pytest.approx(500)
    assert Growth.from_json(found.as_json()) == found
