"""What a day of images meets on AWS, by simulation: queue, functions, S3, Maps, records, dollars.

    python -m benchmarks.scale.simulation [--images N ...] [--case NAME] [--concurrency N ...]
        [--batch-size N] [--batching-window S] [--timeout S] [--prefixes N] [--shard N]
        [--seed N] [--png FILE]

Times of an image are those of benchmarks/speeds.json (processor time on this machine; a GET waits
as `infra.cost` assumes), limits those of benchmarks/scale/quotas.py, dollars those of infra.cost. A
day comes evenly, or all of it within its first hour. It ran against no AWS account.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.batch.paths import BACKFILL, ZIP
from benchmarks.scale import paths
from benchmarks.scale.paths import Shape
from benchmarks.scale.queue import DAY, Day, arrivals, run
from benchmarks.scale.quotas import QUOTAS
from benchmarks.scale.stack import Stack
from infra.cost.work import Work
from litescore.output import MOST_RECORDS

SPEEDS = Path(__file__).parent.parent / "speeds.json"
CASES = {
    "small": ("28 x 28 PNG, dense", 0.6),
    "photos": ("640 x 480 JPEG, MobileNetV3-Small", 60.0),
}
IMAGES = (10_000, 1_000_000, 100_000_000)
HOUR = 3600.0
SHARD = 1000
# What moves each limit: AWS's, and those that the template sets.
MOVED_BY = {name: one.moved_by for name, one in QUOTAS.items()} | {
    "MaximumConcurrency": "MaximumConcurrency, as far as S3 reads allow (more prefixes, shards)",
    "Timeout": "Timeout, or a smaller BatchSize",
    "LateAlarm": "nothing: it tells",
}
_SPREADS = {"evenly": DAY, "in an hour": HOUR}


@dataclass(frozen=True)
class Scenario:
    """So many images a day, over so many seconds of it, into a stack."""

    images: int
    over: float
    stack: Stack

    def run(self, seed: int = 0) -> Day:
        messages = max(1, self.images // self.stack.images_a_message)
        return run(self.stack, arrivals(messages, self.over, seed))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("--images", type=int, nargs="+", default=IMAGES, help="a day")
    words.add_argument("--case", choices=CASES, default="photos")
    words.add_argument("--concurrency", type=int, nargs="+", default=(10, 35, 1000))
    words.add_argument("--batch-size", type=int, default=100)
    words.add_argument("--batching-window", type=float, default=5)
    words.add_argument("--timeout", type=float, default=120)
    words.add_argument("--shard", type=int, default=1, metavar="N", help="images in a shard")
    words.add_argument("--prefixes", type=int, default=1, help="that images are spread over")
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--png", type=Path, help="draw the hour of the most images here")
    given = words.parse_args()
    shape = shape_of(given.case, given.shard)
    stack = Stack(
        shape.image_seconds,
        images_a_message=given.shard,
        timeout=given.timeout,
        batch_size=given.batch_size,
        batching_window=given.batching_window,
        input_prefixes=given.prefixes,
    )
    print(f"{CASES[given.case][0]}: {shape.image_seconds * 1000:.2f} ms of function an image")
    for line in lines(shape, stack, given.images, given.concurrency, given.seed):
        print(line)
    if given.png:
        from benchmarks.scale import pictures

        days = dict(_hours(given.case, stack, max(given.images), given.concurrency, given.seed))
        given.png.write_bytes(pictures.burst(days, max(given.images)))


def _hours(
    case: str, stack: Stack, images: int, concurrency: Sequence[int], seed: int
) -> Iterator[tuple[str, Day]]:
    """So many images within an hour: one by one at each MaximumConcurrency, and in shards."""
    shape, packed = shape_of(case), shape_of(case, SHARD)
    stacks = [(shape, replace(stack, maximum_concurrency=most)) for most in concurrency]
    stacks.append((packed, replace(
        stack, image_seconds=packed.image_seconds, images_a_message=SHARD, batch_size=10,
        maximum_concurrency=300,
    )))  # fmt: skip
    for made, one in stacks:
        scenario = Scenario(images, HOUR, one)
        day = scenario.run(seed)
        name = f"MaximumConcurrency {one.maximum_concurrency:,}"
        name += f", shards of {SHARD:,}" if made.shards else ""
        yield f"{name}: {day.finished / HOUR:.1f} h, ${dollars(made, scenario, day):,.0f}", day


def shape_of(case: str, shard: int = 1) -> Shape:
    """The images of a case, singly or so many in a shard, by what was measured of them."""
    name, kilobytes = CASES[case]
    speeds = json.loads(SPEEDS.read_text())[name]
    work = Work(
        speeds[BACKFILL]["cpu"] / 1000,
        kilobytes=kilobytes,
        shard_images=shard,
        shard_milliseconds=speeds[ZIP]["cpu"] / 1000,
    )
    return Shape(work, shards=shard > 1)


def lines(
    shape: Shape, stack: Stack, images: Sequence[int], concurrency: Sequence[int], seed: int
) -> Iterator[str]:
    """Everything, for people."""
    yield "\nevents: a day of the queue"
    for number in images:
        for spread, over in _SPREADS.items():
            for most in concurrency:
                one = Scenario(number, over, replace(stack, maximum_concurrency=most))
                day = one.run(seed)
                yield f"  {number:,} {spread}, MaximumConcurrency {most}"
                yield from (f"    {line}" for line in told(shape, one, day))
                if "MaximumConcurrency" not in day.bound:
                    break  # a higher one changes nothing
    if not shape.shards:
        yield from _without_a_queue(shape, stack, images, concurrency)
    yield "\ndevices at one channel, --check-every 60"
    for devices in (100, 10_000, 1_000_000):
        yield f"  {devices:,}: {_words(paths.fleet(devices, 60))}"


def _without_a_queue(
    shape: Shape, stack: Stack, images: Sequence[int], concurrency: Sequence[int]
) -> Iterator[str]:
    yield "\nbackfill, at each MaximumConcurrency; of limits the share that is used"
    for number in images:
        for most in concurrency:
            found = paths.backfill(shape, number, replace(stack, maximum_concurrency=most))
            yield f"  {number:,}, {most}: {_words(found)}"
    yield "\narray job of 64 and of 1,000 shares"
    for number in images:
        for shares in (64, 1000):
            yield f"  {number:,}, {shares}: {_words(paths.array_job(shape, number, shares))}"
    yield "\nnights of NightlyMaximumImages 100,000, and of 500,000"
    for number in images:
        for most in (100_000, 500_000):
            yield f"  {number:,}, {most:,}: {_words(paths.nightly(number, most))}"


def told(shape: Shape, one: Scenario, day: Day) -> Iterator[str]:
    """What came of a day, in a few lines."""
    each = one.stack.images_a_message
    objects = max(day.batches, day.scored * each / MOST_RECORDS)
    yield (
        f"waiting {max(day.depth) * each:,.0f} at most, the oldest {max(day.age) / 60:,.0f} min; "
        f"{max(day.concurrency):,.1f} functions at once; all done after {day.finished / 3600:.1f} h"
    )
    yield (
        f"{day.batches:,.0f} invocations, {objects:,.0f} objects of records, "
        f"{day.scored * each / objects:,.1f} records each; {dollars(shape, one, day):,.2f} dollars"
    )
    yield (
        f"GET {day.peaks['S3 reads']:,.0f} a second wanted, PUT {day.peaks['S3 writes']:,.1f}; "
        f"{day.dead * each:,.0f} dead, {day.dropped * each:,.0f} dropped"
    )
    yield f"log: {_words(paths.log(shape, day.batches))}"
    yield f"its records read once: {_words(paths.reading(shape, one.images, objects))}"
    yield f"held up by: {limits(day)}"
    if day.first:
        yield f"first moved by: {MOVED_BY[day.first]}"


def dollars(shape: Shape, one: Scenario, day: Day) -> float:
    """Of a day, by what its functions are paid for."""
    if not day.scored:
        return 0.0
    images = day.scored * one.stack.images_a_message
    return paths.events_dollars(shape, images, day.batch, day.billed / images * 1000)


def limits(day: Day) -> str:
    """Which limits held work up, the first first; else the one that is nearest."""
    if day.bound:
        order = sorted(day.bound, key=lambda name: day.bound[name])
        return ", ".join(f"{name} ({day.bound[name] / 60:,.0f} min)" for name in order)
    near = max(day.peaks, key=lambda name: day.peaks[name] / QUOTAS[name].value)
    return f"nothing; nearest is {near}, {day.peaks[near] / QUOTAS[near].value:.1%} of it"


def _words(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:,.3g}" if value < 100 else f"{name} {value:,.0f}"
                     for name, value in found.items())  # fmt: skip


if __name__ == "__main__":
    main()
