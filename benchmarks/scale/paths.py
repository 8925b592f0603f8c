"""What else grows with a day's images, without a queue: closed forms.

Dollars are those of `infra.cost`; rates are what `python -m benchmarks.scale` measured here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmarks.scale.queue import DAY
from benchmarks.scale.quotas import quota
from benchmarks.scale.stack import Stack
from infra.cost import prices, ways
from infra.cost.work import Assumed, Work
from lambda_handler.changes import MOST_IMAGES
from litescore.results.ahead import READERS

# Of infra/template.yaml's state machine: items and bytes of a batch, and what it costs in
# transitions where it is done in one round.
BATCH_ITEMS, BATCH_BYTES = 500, 200_000
_ROUND_EVENTS = 7  # entered, scheduled, started, succeeded, left; the choice entered, left
# Of infra/batch.yaml: a share's memory, and TimeoutSeconds.
SHARE_BYTES, SHARE_SECONDS = 2048 * 2**20, 14_400
# Objects of records that are read at once from S3.
AHEAD = READERS
MONTH_DAYS = 30
_KEPT_DAYS = 2  # what a night looks at again: a day and the day before


@dataclass(frozen=True)
class Shape:
    """What one image is, on one machine.

    shards  whether images come in shards, of `work.shard_images` each
    line    of a manifest
    item    of a batch of a Map
    held    that a run which is gone on with holds in memory for an image that is done
    read_us of CPU that `litescore results` takes for a record
    """

    work: Work
    arch: str = "x86_64"
    shards: bool = False
    line: float = 130
    item: float = 160
    held: float = 20
    read_us: float = 25

    @property
    def image_seconds(self) -> float:
        """What a function is paid for."""
        return float(ways.lambda_seconds(self.work, self.arch, shard=self.shards))


def events_dollars(shape: Shape, images: float, batch: float, billed_ms: float) -> float:
    """Of a day of so many images by events, in batches of that many on the average."""
    assumed = Assumed(queue_batch=max(1.0, batch))
    work = replace(shape.work, milliseconds=billed_ms, assumed=assumed, billed=True)
    make = ways.shards if shape.shards else ways.events
    way = make(work, prices.shipped(), shape.arch)
    return float(way.dollars(round(images * MONTH_DAYS))) / MONTH_DAYS


def backfill(shape: Shape, images: int, stack: Stack) -> Mapping[str, float]:
    """A Distributed Map over so many images: children, hours, dollars, and its limits in use."""
    items = min(BATCH_ITEMS, BATCH_BYTES // shape.item)
    children = math.ceil(images / items)
    seconds = items * stack.image_seconds
    at_once = min(stack.maximum_concurrency, quota("Map children at once"))
    transitions = children * shape.work.assumed.map_transitions
    # Where S3 answers no faster functions wait, and are paid for.
    each = max(stack.image_seconds, at_once / (quota("S3 reads") * stack.input_prefixes))
    hours = max(images * each / at_once, transitions / quota("state transitions")) / 3600
    rounds = math.ceil(seconds / stack.timeout)
    work = replace(shape.work, milliseconds=each * 1000, billed=True)
    dollars = float(ways.backfill(work, prices.shipped(), shape.arch).dollars(images))
    return {
        "children": children,
        "hours": hours,
        "dollars": dollars,
        "Map items": images / quota("Map items"),
        "Map's manifest": images * shape.line / quota("Map's manifest"),
        "S3 reads": at_once / stack.image_seconds / (quota("S3 reads") * stack.input_prefixes),
        "state transitions": transitions / (hours * 3600) / quota("state transitions"),
        "execution history": rounds * _ROUND_EVENTS / quota("execution history"),
    }


def array_job(shape: Shape, images: int, shares: int) -> Mapping[str, float]:
    """An array job of AWS Batch over images under one prefix: hours and dollars, and how much of a
    share's limits it takes.
    """
    assumed = Assumed(shares=shares)
    alone = float(max(shape.work.seconds(shape.arch), shape.work.waiting()))
    each = max(alone, shares / quota("S3 reads"))
    work = Work(each * 1000, kilobytes=shape.work.kilobytes, assumed=assumed)
    reading = images * assumed.share_list_us / 1e6
    scoring = images / shares * each
    return {
        "hours": (assumed.share_start_s + reading + scoring) / 3600,
        "dollars": float(ways.batch(work, prices.shipped(), shape.arch).dollars(images)),
        "reading": reading / (reading + scoring),
        "TimeoutSeconds": (reading + scoring) / SHARE_SECONDS,
        "memory": images * shape.held / SHARE_BYTES,
        "S3 reads": shares / alone / quota("S3 reads"),
    }


def nightly(images: int, maximum: int) -> Mapping[str, float]:
    """A night over a day's new images: the nights that it takes, and megabytes of what is known."""
    return {
        "nights": images / min(maximum, MOST_IMAGES),
        "megabytes": images * _KEPT_DAYS * 8 / 1e6,
    }


def reading(shape: Shape, images: int, objects: float) -> Mapping[str, float]:
    """A day's records read once: hours that GETs wait one by one and AHEAD at once, hours of CPU,
    dollars of the requests.
    """
    table, assumed = prices.shipped(), shape.work.assumed
    waiting = objects * assumed.get_ms / 1000 / 3600
    requests = objects * float(table["s3.get"]) + objects / assumed.listed * float(table["s3.list"])
    return {
        "one by one": waiting,
        "ahead": waiting / AHEAD,
        "cpu": images * shape.read_us / 1e6 / 3600,
        "dollars": requests,
    }


def log(shape: Shape, batches: float) -> Mapping[str, float]:
    """What so many invocations of a day tell the log."""
    held = batches * shape.work.assumed.log_bytes
    return {"gigabytes": held / 1e9, "dollars": held / 1e9 * float(prices.shipped()["logs.gb"])}


def fleet(devices: int, check_every: float) -> Mapping[str, float]:
    """Devices that look at one channel in S3: a conditional GET a look."""
    a_second = devices / check_every
    month = a_second * DAY * MONTH_DAYS * float(prices.shipped()["s3.get"])
    return {
        "a second": a_second,
        "dollars a month": month,
        "S3 reads": a_second / quota("S3 reads"),
    }
