"""What a million images cost on AWS, from the speeds that were measured: `litescore cost`'s figures.

    python -m benchmarks.cost [--speeds FILE] [--images N] [--assume NAME=NUMBER ...]

Speeds are the processor time of an image on the machine where `python -m benchmarks.batch.paths
--json FILE` ran, not on Lambda. Prices, parts and assumptions are those of `infra.cost`.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.batch.paths import BACKFILL, ZIP
from infra.cost import prices
from infra.cost.answer import answer
from infra.cost.work import ONE_PROCESSOR, Assumed, Work

# kB of an image, about; by the case's name.
SIZES = {"28 x 28 PNG, dense": 0.6, "640 x 480 JPEG, MobileNetV3-Small": 60.0}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("--speeds", type=Path, default=Path(__file__).with_name("speeds.json"))
    words.add_argument("--images", type=int, default=1_000_000)
    words.add_argument("--assume", action="append", default=[], help="as of litescore cost")
    given = words.parse_args()
    assumed, today = Assumed().given(given.assume), datetime.datetime.now(datetime.UTC).date()
    for case, speeds in json.loads(given.speeds.read_text()).items():
        work = work_of(case, speeds, assumed)
        print(f"\n{case}")
        for line in answer(given.images, work, prices.shipped()).summary(today):
            print(f"  {line}".rstrip())


def work_of(
    case: str,
    speeds: Mapping[str, Mapping[str, float]],
    assumed: Assumed = Assumed(),  # noqa: B008
    memory: float = ONE_PROCESSOR,
) -> Work:
    """One kind of images with the speeds of its ways, in microseconds an image."""
    return Work(
        speeds[BACKFILL]["cpu"] / 1000,
        memory,
        kilobytes=SIZES[case],
        shard_milliseconds=speeds[ZIP]["cpu"] / 1000,
        assumed=assumed,
    )


if __name__ == "__main__":
    main()
