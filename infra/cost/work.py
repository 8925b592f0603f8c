"""What is to be scored, and what is taken for granted where nothing was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

from litescore.errors import UsageError
from litescore.settings import Settings

ARCHES = ("x86_64", "arm64")
# Of a function with this memory one whole processor runs.
ONE_PROCESSOR = 1769
KILOBYTES = 100.0


def _taken(default: float, says: str, above: bool = False) -> Any:
    """A field with its meaning; `above`: it may not be 0, since something is divided by it."""
    return field(default=default, metadata={"says": says, "above": above})


@dataclass(frozen=True)
class Assumed:
    """Figures that no measurement gave; each may be given otherwise."""

    get_ms: float = _taken(20, "milliseconds that a GET waits in a region for its first byte")
    get_mb_per_second: float = _taken(50, "MB/s that its bytes come with", above=True)
    threads: float = _taken(Settings().threads, "GETs under way at once", above=True)
    queue_batch: float = _taken(100, "images an invocation takes from the queue", above=True)
    map_batch: float = _taken(500, "images that a backfill hands to an invocation", above=True)
    map_transitions: float = _taken(4, "state transitions of such a batch: begun, three states")
    run_transitions: float = _taken(4, "state transitions of a backfill beside them")
    listed: float = _taken(1000, "keys that a LIST answers", above=True)
    sqs_requests: float = _taken(1.2, "requests to SQS a message: sent; ten at once taken, removed")
    sqs_polls: float = _taken(657_000, "requests to SQS a month of five pollers, 20 s each")
    cold_share: float = _taken(0.01, "of invocations start cold")
    cold_ms: float = _taken(400, "milliseconds that a cold start is paid for")
    log_bytes: float = _taken(1000, "bytes of log an invocation or a share")
    record_bytes: float = _taken(150, "bytes of a packed record, kept for a month")
    shares: float = _taken(64, "shares of an array job on AWS Batch", above=True)
    share_start_s: float = _taken(60, "seconds that a share is paid for before its first image")
    share_list_us: float = _taken(5, "microseconds a line of the manifest; each share reads all")
    share_gb: float = _taken(2, "GB of memory of a share, with one processor")
    part_images: float = _taken(10_000, "records to an object that a share writes", above=True)
    busy_share: float = _taken(0.8, "of an always-on instance's time it is at work", above=True)
    disk_gb: float = _taken(8, "GB of disk of an always-on instance")
    month_hours: float = _taken(730, "hours of a month", above=True)
    arm_time: float = _taken(1, "times as long an image takes on Arm as on x86", above=True)
    around_ms: float = _taken(0.5, "milliseconds around a model's own time, an image")
    decode_ms_per_kb: float = _taken(0.05, "milliseconds to decode and resize a kB of an image")

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if not (math.isfinite(value) and value >= 0):
                raise UsageError(f"{one.name} is {value}: a number from 0 on")
            if value == 0 and one.metadata["above"]:
                raise UsageError(f"{one.name} is 0: a number above 0")

    def sentences(self) -> list[str]:
        """What is taken for granted, a line each, in words."""
        return [
            f"{one.name.replace('_', '-')} {getattr(self, one.name):g}: {one.metadata['says']}"
            for one in fields(self)
        ]

    def given(self, pairs: Iterable[str]) -> Assumed:
        """These, overruled by `name=number` words. Raises UsageError for a name there is not."""
        known, changes = {one.name for one in fields(self)}, {}
        for pair in pairs:
            name, _, value = pair.partition("=")
            name = name.strip().replace("-", "_")
            if name not in known:
                names = ", ".join(sorted(one.replace("_", "-") for one in known))
                raise UsageError(f"nothing is assumed about {pair.partition('=')[0]!r}: {names}")
            try:
                changes[name] = float(value)
            except ValueError:
                raise UsageError(f"{pair!r} is not {name.replace('_', '-')}=NUMBER") from None
        return replace(self, **changes)


@dataclass(frozen=True)
class Work:
    """One kind of images and the function they are scored with.

    milliseconds        processor time of an image in all: fetched, decoded, scored, recorded
    memory              of the function, MB
    kilobytes           of an image, packed
    shard_images        images in a shard
    shard_milliseconds  processor time of an image in a shard; None: as outside
    eventbridge         whether events come by way of it, as those of an existing bucket do
    billed              whether `milliseconds` is what that very function was paid for an image
    """

    milliseconds: float
    memory: float = ONE_PROCESSOR
    kilobytes: float = KILOBYTES
    shard_images: float = 1000
    shard_milliseconds: float | None = None
    assumed: Assumed = Assumed()
    billed: bool = False
    eventbridge: bool = False

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and not (math.isfinite(value) and value > 0):
                raise UsageError(f"{one.name} is {value}: a number above 0")

    def seconds(self, arch: str, *, shard: bool = False) -> Fraction:
        """Processor time of an image there, on one whole processor."""
        taken = self.shard_milliseconds if shard and self.shard_milliseconds else self.milliseconds
        slower = exact(self.assumed.arm_time) if arch == "arm64" else 1
        return exact(taken) * slower / 1000

    def waiting(self) -> Fraction:
        """Seconds an image waits for its GET, with so many threads at it."""
        got = exact(self.assumed.get_ms) / 1000
        return (got + self._moving()) / exact(self.assumed.threads)

    def shard_waiting(self) -> Fraction:
        """Seconds an image's part of a shard takes to come: one GET, before anything is decoded."""
        return exact(self.assumed.get_ms) / 1000 / exact(self.shard_images) + self._moving()

    def _moving(self) -> Fraction:
        return exact(self.kilobytes) / 1000 / exact(self.assumed.get_mb_per_second)


def exact(number: float) -> Fraction:
    """The decimal number as it is written, not its nearest binary one."""
    return Fraction(str(number))
