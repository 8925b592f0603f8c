"""What a million images cost on AWS by machine, from speeds that were measured here.

Speeds are those of `python -m benchmarks.batch.paths --json benchmarks/speeds.json`: the processor
time of an image on that machine, which is not one of AWS's. All else is `infra.cost`.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.batch.paths import BACKFILL, ZIP
from benchmarks.cost import SIZES
from infra.cost import prices, ways
from infra.cost.prices import Prices
from infra.cost.work import ARCHES, Work

MEMORIES = (512, 1024, 1769, 3008)
IMAGES = 1_000_000
_SPEEDS = Path(__file__).parents[1] / "speeds.json"


def tables() -> list[dict[str, object]]:
    """A row for each kind of images and machine: milliseconds an image is paid for, and dollars of a
    million in a month as single objects (by events; on Batch, listed) and in shards of 1,000.
    """
    priced, rows = prices.shipped(), []
    for case, speeds in json.loads(_SPEEDS.read_text()).items():
        single, shard = (speeds[name]["cpu"] / 1000 for name in (BACKFILL, ZIP))
        for memory in MEMORIES:
            work = Work(single, memory=memory, kilobytes=SIZES[case], shard_milliseconds=shard)
            rows += [_function(case, work, priced, arch) for arch in ARCHES]
        work = Work(single, kilobytes=SIZES[case], shard_milliseconds=shard)
        rows += [_batch(case, work, priced, arch) for arch in ARCHES]
    return rows


def _function(case: str, work: Work, priced: Prices, arch: str) -> dict[str, object]:
    seconds = [ways.lambda_seconds(work, arch, shard=shard) for shard in (False, True)]
    return {
        "case": case,
        "machine": f"Lambda, {work.memory:g} MB",
        "arch": arch,
        "ms": round(1000 * float(seconds[0]), 3),
        "shard_ms": round(1000 * float(seconds[1]), 3),
        "compute": _dollars(ways.events(work, priced, arch).parts(IMAGES)["compute"]),
        "dollars": _dollars(ways.events(work, priced, arch).dollars(IMAGES)),
        "shard_dollars": _dollars(ways.shards(work, priced, arch).dollars(IMAGES)),
    }


def _batch(case: str, work: Work, priced: Prices, arch: str) -> dict[str, object]:
    way = ways.batch(work, priced, arch)
    return {
        "case": case,
        "machine": "Batch on Fargate Spot",
        "arch": arch,
        "ms": round(1000 * float(max(work.seconds(arch), work.waiting())), 3),
        "compute": _dollars(way.parts(IMAGES)["compute"]),
        "dollars": _dollars(way.dollars(IMAGES)),
    }


def _dollars(amount: object) -> float:
    return round(float(amount), 3)  # type: ignore[arg-type]
