"""What is to be scored, and what is taken for granted where nothing was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from fractions import Fraction

from litescore.errors import UsageError
from litescore.settings import Settings

ARCHES = ("x86_64", "arm64")
# Of a function with this memory one whole processor runs.
ONE_PROCESSOR = 1769
SIZE = 100.0


@dataclass(frozen=True)
class Assumed:
    """Figures that no measurement gave; each may be given otherwise.

    get_ms              a GET waits so long in a region, before the first byte
    get_mb_per_second   and then its bytes come so fast
    threads             GETs under way at once
    queue_batch         images (or shards) an invocation takes from the queue: BatchSize
    map_batch           images a child of the state machine hands to the function
    map_transitions     state transitions of such a child: begun, its task, its end
    run_transitions     state transitions of the run around it
    listed              keys a LIST answers
    sqs_requests        requests to SQS a message: sent, received and removed ten at a time
    sqs_polls           requests to SQS a month of an idle queue: five pollers, 20 s each
    cold_share          invocations that start a new environment
    cold_ms             what such a start is paid for
    log_bytes           of the log, an invocation or a share
    record_bytes        of a packed record, kept for a month
    shares              shares of an array job
    share_start_s       a share's start: the container drawn, the model loaded
    share_list_us       reading one line of the manifest, each share all of them
    share_gb            memory of a share, with one processor
    part_images         images to one object of records that a share or an instance writes
    busy_share          of an always-on instance's time that it can be kept busy
    disk_gb             of an always-on instance
    month_hours         hours of a month
    arm_time            time an image takes on Arm, over that on x86
    """

    get_ms: float = 20
    get_mb_per_second: float = 50
    threads: float = Settings().threads
    queue_batch: float = 100
    map_batch: float = 500
    map_transitions: float = 3
    run_transitions: float = 4
    listed: float = 1000
    sqs_requests: float = 1.2
    sqs_polls: float = 657_000
    cold_share: float = 0.01
    cold_ms: float = 400
    log_bytes: float = 1000
    record_bytes: float = 150
    shares: float = 64
    share_start_s: float = 60
    share_list_us: float = 5
    share_gb: float = 2
    part_images: float = 10_000
    busy_share: float = 0.8
    disk_gb: float = 8
    month_hours: float = 730
    arm_time: float = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value >= 0):
                raise UsageError(f"{field.name} is {value}: a number from 0 on")
            if value == 0 and field.name in _DIVISORS:
                raise UsageError(f"{field.name} is 0: a number above 0")

    def given(self, pairs: Iterable[str]) -> Assumed:
        """These, overruled by `name=number` words. Raises UsageError for a name there is not."""
        known, changes = {field.name for field in fields(self)}, {}
        for pair in pairs:
            name, _, value = pair.partition("=")
            name = name.strip().replace("-", "_")
            if name not in known:
                raise UsageError(f"nothing is assumed about {name!r}: {', '.join(sorted(known))}")
            try:
                changes[name] = float(value)
            except ValueError:
                raise UsageError(f"{pair!r} is not {name}=NUMBER") from None
        return replace(self, **changes)


_DIVISORS = (
    "get_mb_per_second", "threads", "queue_batch", "map_batch", "listed", "part_images",
    "busy_share", "month_hours", "arm_time",
)  # fmt: skip


@dataclass(frozen=True)
class Work:
    """One kind of images and the function they are scored with.

    milliseconds        processor time of an image in all: fetched, decoded, scored, recorded
    memory              of the function, MB
    kilobytes           of an image, packed
    shard_images        images in a shard
    shard_milliseconds  processor time of an image in a shard; None: as outside
    """

    milliseconds: float
    memory: float = ONE_PROCESSOR
    kilobytes: float = SIZE
    shard_images: float = 1000
    shard_milliseconds: float | None = None
    assumed: Assumed = Assumed()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and not (math.isfinite(value) and value > 0):
                raise UsageError(f"{field.name} is {value}: a number above 0")

    def seconds(self, arch: str, *, shard: bool = False) -> Fraction:
        """Processor time of an image there, on one whole processor."""
        taken = self.shard_milliseconds if shard and self.shard_milliseconds else self.milliseconds
        slower = exact(self.assumed.arm_time) if arch == "arm64" else 1
        return exact(taken) * slower / 1000

    def waiting(self, images_a_get: Fraction | int = 1) -> Fraction:
        """Seconds an image waits for its GET, with so many threads at it."""
        assumed = self.assumed
        got = exact(assumed.get_ms) / 1000 / images_a_get
        moved = exact(self.kilobytes) / 1000 / exact(assumed.get_mb_per_second)
        return (got + moved) / exact(assumed.threads)


def exact(number: float) -> Fraction:
    """The decimal number as it is written, not its nearest binary one."""
    return Fraction(str(number))
