"""The ways to score images on AWS: how many priced things N images take, and so the dollars.

A way's dollars are straight lines in N between bends that it names. So everything that is asked
of them (which is cheapest, from how many images on) has an exact answer. Dollars are Fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from infra.cost.prices import Prices
from infra.cost.work import ARCHES, ONE_PROCESSOR, Work, exact

PARTS = ("requests", "queue", "workflow", "compute", "storage")
PATHS = ("events", "backfill", "shards", "listing")
# The instance of each architecture: its name in the prices, processors.
INSTANCES = {"x86_64": ("c7i-large", 2), "arm64": ("c7g-medium", 1)}


@dataclass(frozen=True)
class Way:
    """A path on a machine.

    path      `events`, `backfill`, `shards`, or `listing`: what the machine lists by itself
    machine   `lambda`, `batch` (Fargate Spot) or `instance` (always on)
    parts     dollars of N > 0 images in a month, by part
    bends     N up to which (included) each straight line goes, up to a limit
    """

    path: str
    machine: str
    arch: str
    parts: Callable[[int], Mapping[str, Fraction]]
    bends: Callable[[int], list[int]]

    @property
    def name(self) -> str:
        """For people: path, machine and architecture."""
        return f"{self.path}, {self.machine} {self.arch}"

    def dollars(self, images: int) -> Fraction:
        """Of so many images; nothing for none."""
        return sum(self.parts(images).values(), Fraction(0)) if images else Fraction(0)


def all_ways(work: Work, prices: Prices) -> list[Way]:
    """Every way, single objects first."""
    on_lambda = [make(work, prices, arch) for make in (events, backfill, shards) for arch in ARCHES]
    others = [make(work, prices, arch) for make in (batch, instance) for arch in ARCHES]
    return on_lambda + others


def events(work: Work, prices: Prices, arch: str) -> Way:
    """As they are put: S3, SQS, the function."""
    return _queued("events", work, prices, arch)


def shards(work: Work, prices: Prices, arch: str) -> Way:
    """The same, of shards with many images each."""
    return _queued("shards", work, prices, arch)


def _queued(path: str, work: Work, prices: Prices, arch: str) -> Way:
    assumed, shard = work.assumed, path == "shards"
    # A shard is many images to an invocation already, and writes records of its own.
    size = exact(work.shard_images) if shard else exact(assumed.queue_batch)

    def parts(images: int) -> dict[str, Fraction]:
        batches = _batches(images, size)
        # The function asks for a shard's checkpoint before the shard.
        gets = 2 * batches if shard else Fraction(images)
        messages = batches if shard else Fraction(images)
        told = messages * prices["eventbridge.event"] if work.eventbridge else Fraction(0)
        sqs = messages * exact(assumed.sqs_requests) + exact(assumed.sqs_polls)
        return _of_function(work, prices, arch, images, batches, shard=shard) | {
            "requests": gets * prices["s3.get"]
            + batches * (prices["s3.put"] + prices["lambda.request"]),
            "queue": sqs * prices["sqs.request"] + told,
            "workflow": Fraction(0),
        }

    return Way(path, "lambda", arch, parts, _bends_at(size))


def backfill(work: Work, prices: Prices, arch: str) -> Way:
    """What lies in a bucket already: the state machine lists it and hands out batches."""
    assumed = work.assumed
    size, listed = exact(assumed.map_batch), exact(assumed.listed)

    def parts(images: int) -> dict[str, Fraction]:
        batches = _batches(images, size)
        transitions = batches * exact(assumed.map_transitions) + exact(assumed.run_transitions)
        return _of_function(work, prices, arch, images, batches) | {
            "requests": images * prices["s3.get"]
            + _batches(images, listed) * prices["s3.list"]
            + batches * (prices["s3.put"] + prices["lambda.request"]),
            "queue": Fraction(0),
            "workflow": transitions * prices["step-functions.transition"],
        }

    return Way("backfill", "lambda", arch, parts, _bends_at(size, listed))


def batch(work: Work, prices: Prices, arch: str) -> Way:
    """The container as an array job on Fargate Spot: each share of a manifest is one task."""
    assumed = work.assumed
    shares, size = exact(assumed.shares), exact(assumed.part_images)
    hour = (
        prices[f"fargate-spot.{arch}-vcpu-hour"]
        + exact(assumed.share_gb) * prices[f"fargate-spot.{arch}-gb-hour"]
        + prices["ec2.ipv4-hour"]
    )

    def parts(images: int) -> dict[str, Fraction]:
        each = max(work.seconds(arch), work.waiting())
        reading = shares * exact(assumed.share_list_us) / 1_000_000
        seconds = images * (each + reading) + shares * exact(assumed.share_start_s)
        outputs = max(_batches(images, size), shares)
        return {
            "requests": (images + shares) * prices["s3.get"] + outputs * prices["s3.put"],
            "queue": Fraction(0),
            "workflow": Fraction(0),
            "compute": seconds / 3600 * hour,
            "storage": _storage(work, prices, images, shares),
        }

    return Way("listing", "batch", arch, parts, _bends_at(size, shares * size))


def instance(work: Work, prices: Prices, arch: str) -> Way:
    """Instances that are always on, as many as the images of a month keep busy."""
    assumed = work.assumed
    name, _ = INSTANCES[arch]
    size, listed = exact(assumed.part_images), exact(assumed.listed)
    most = images_an_instance(work, arch)
    month = exact(assumed.month_hours)
    one = month * (prices[f"ec2.{name}-hour"] + prices["ec2.ipv4-hour"])
    disk = exact(assumed.disk_gb) * prices["ec2.ebs-gb-month"]

    def parts(images: int) -> dict[str, Fraction]:
        many = ceil(images / most)
        return {
            "requests": images * prices["s3.get"]
            + _batches(images, listed) * prices["s3.list"]
            + _batches(images, size) * prices["s3.put"],
            "queue": Fraction(0),
            "workflow": Fraction(0),
            "compute": many * one,
            "storage": many * disk + _storage(work, prices, images, Fraction(many)),
        }

    def bends(limit: int) -> list[int]:
        steps = (floor(most * number) for number in range(1, floor(limit / most) + 1))
        return sorted({*_bends_at(size, listed)(limit), *(step for step in steps if step)})

    return Way("listing", "instance", arch, parts, bends)


def images_an_instance(work: Work, arch: str) -> Fraction:
    """How many images one always-on instance scores in a month."""
    _, processors = INSTANCES[arch]
    month = exact(work.assumed.month_hours) * 3600 * exact(work.assumed.busy_share)
    return month * processors / max(work.seconds(arch), work.waiting())


def _of_function(
    work: Work, prices: Prices, arch: str, images: int, batches: Fraction, *, shard: bool = False
) -> dict[str, Fraction]:
    """What the function itself is paid for, and its log and records."""
    seconds = images * lambda_seconds(work, arch, shard=shard)
    cold = batches * exact(work.assumed.cold_share) * exact(work.assumed.cold_ms) / 1000
    gigabytes = exact(work.memory) / 1024
    return {
        "compute": (seconds + cold) * gigabytes * prices[f"lambda.{arch}-gb-second"],
        "storage": _storage(work, prices, images, batches),
    }


def lambda_seconds(work: Work, arch: str, *, shard: bool = False) -> Fraction:
    """What an image is paid for: less memory is less of a processor, and a GET's waiting counts
    where computing does not cover it.

    More memory than a whole processor's gains nothing here.
    """
    if work.billed:
        return exact(work.milliseconds) / 1000
    share = min(Fraction(1), exact(work.memory) / ONE_PROCESSOR)
    computing = work.seconds(arch, shard=shard) / share
    return computing + work.shard_waiting() if shard else max(computing, work.waiting())


def _storage(work: Work, prices: Prices, images: int, runs: Fraction) -> Fraction:
    gigabyte = 10**9
    kept = images * exact(work.assumed.record_bytes) / gigabyte * prices["s3.gb-month"]
    return kept + runs * exact(work.assumed.log_bytes) / gigabyte * prices["logs.gb"]


def _batches(images: int, size: Fraction) -> Fraction:
    """Batches on the average, at least one."""
    return max(Fraction(1), images / size)


def _bends_at(*sizes: Fraction) -> Callable[[int], list[int]]:
    def bends(limit: int) -> list[int]:
        return sorted({floor(size) for size in sizes if 1 <= size < limit})

    return bends
