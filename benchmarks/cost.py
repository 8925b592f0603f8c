"""What scoring a million images costs on AWS: requests, queue, workflow and compute apart.

    python -m benchmarks.cost [--speeds FILE] [--price NAME=DOLLARS ...] [--take NAME=NUMBER ...]

Speeds are the processor time of an image on the machine where `python -m benchmarks.batch.paths
--json FILE` ran, not on Lambda: a function of 1,769 MB has one processor, which is taken to be kept
busy. It is not where it waits: a GET takes milliseconds in a region, a thread each, and the
function is paid for meanwhile, which the second row of compute counts. Not in it: storage, transfer out of the region, logs (about a kilobyte an invocation), free
tiers, cold starts, and what putting the images there cost.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.batch.paths import BACKFILL, EVENTS, NPZ, ZIP
from litescore.settings import Settings

IMAGES = 1_000_000
# Dollars; list prices of us-east-1 as they stood in 2025, x86, without free tiers. They change:
# look them up, and give others with --price.
PRICES = {
    "s3-get": 0.0004 / 1000,
    "s3-put-list": 0.005 / 1000,
    "sqs-request": 0.40 / 1_000_000,
    "lambda-request": 0.20 / 1_000_000,
    "lambda-gb-second": 0.0000166667,
    "step-transition": 0.025 / 1000,
}
# What the template and the forms of event say; --take overrides.
TAKEN = {
    "memory-mb": 1769,
    "threads": Settings().threads,
    "get-milliseconds": 20,
    "queue-batch": 100,
    "map-batch": 500,
    "shard-images": 1000,
    "listed-at-once": 1000,
    # S3 sends a message an image; Lambda takes and removes them ten at a time.
    "sqs-requests-an-image": 1.2,
    # A child of a Distributed Map, run as a standard workflow: begun, its task, its end.
    "transitions-a-batch": 3,
}
_QUEUED, _MAPPED, _ZIPPED, _ARRAYS = "events", "backfill", "zip shards", "npz shards"
_WAYS = {_QUEUED: EVENTS, _MAPPED: BACKFILL, _ZIPPED: ZIP, _ARRAYS: NPZ}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=_AS_WRITTEN)
    words.add_argument("--speeds", type=Path, default=Path(__file__).with_name("speeds.json"))
    words.add_argument("--price", action="append", default=[], help=", ".join(PRICES))
    words.add_argument("--take", action="append", default=[], help=", ".join(TAKEN))
    given = words.parse_args()
    prices, taken = (
        _overruled(table, pairs, words)
        for table, pairs in ((PRICES, given.price), (TAKEN, given.take))
    )
    print("prices in dollars (us-east-1, 2025; look them up):")
    print("  " + ", ".join(f"{name} {value:.3g}" for name, value in prices.items()))
    print("taken:\n  " + ", ".join(f"{name} {value:g}" for name, value in taken.items()))
    for case, speeds in json.loads(given.speeds.read_text()).items():
        report(case, speeds, prices, taken)


_AS_WRITTEN = argparse.RawDescriptionHelpFormatter


def _overruled(
    table: Mapping[str, float], pairs: list[str], words: argparse.ArgumentParser
) -> dict[str, float]:
    found = dict(table)
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name not in found:
            words.error(f"no {name!r}: {', '.join(found)}")
        found[name] = float(value)
    return found


def report(
    case: str,
    speeds: Mapping[str, Mapping[str, float]],
    prices: Mapping[str, float],
    taken: Mapping[str, float],
) -> None:
    """Print one kind of images: a column a path, dollars a million."""
    columns = {
        path: _column(path, speeds[way], prices, taken)
        for path, way in _WAYS.items()
        if way in speeds
    }
    print(f"\n{case}: dollars a million images")
    print(f"  {'':<42}" + "".join(f"{path:>13}" for path in columns))
    for row in next(iter(columns.values())):
        print(f"  {row:<42}" + "".join(f"{column[row]:>13.3f}" for column in columns.values()))


def _column(
    path: str,
    speed: Mapping[str, float],
    prices: Mapping[str, float],
    taken: Mapping[str, float],
) -> dict[str, float]:
    requests = _requests(path, taken)
    cost = {name: count * prices[name] for name, count in requests.items()}
    measured = speed["cpu"]
    # Each thread has one GET under way; of a shard all images come with one.
    gets = requests["s3-get"] / IMAGES
    waiting = gets * taken["get-milliseconds"] * 1000 / taken["threads"]
    gigabytes, second = taken["memory-mb"] / 1024, prices["lambda-gb-second"]
    compute, slow = (
        IMAGES * took / 1e6 * gigabytes * second for took in (measured, max(measured, waiting))
    )
    rest = {
        "S3 requests": cost["s3-get"] + cost["s3-put-list"],
        "queue": cost["sqs-request"],
        "workflow": cost["step-transition"],
        "Lambda requests": cost["lambda-request"],
    }
    total = sum(rest.values())
    return rest | {
        "compute at the measured speed": compute,
        f"compute, a GET taking {taken['get-milliseconds']:g} ms": slow,
        "in all, measured speed": total + compute,
        f"in all, a GET taking {taken['get-milliseconds']:g} ms": total + slow,
        "microseconds of processor time an image": measured,
    }


def _requests(path: str, taken: Mapping[str, float]) -> dict[str, float]:
    """How many of each priced thing a million images take."""
    size = {_QUEUED: taken["queue-batch"], _MAPPED: taken["map-batch"]}.get(
        path, taken["shard-images"]
    )
    batches = IMAGES / size
    shards = path in (_ZIPPED, _ARRAYS)
    # Shards are announced in the queue as images are, one message each. The function asks for a
    # shard's checkpoint before the shard.
    announced = batches if shards else IMAGES if path == _QUEUED else 0
    listed = IMAGES / taken["listed-at-once"] if path == _MAPPED else 0
    return {
        "s3-get": 2 * batches if shards else IMAGES,
        "s3-put-list": batches + listed,
        "sqs-request": announced * taken["sqs-requests-an-image"],
        "lambda-request": batches,
        "step-transition": batches * taken["transitions-a-batch"] if path == _MAPPED else 0,
    }


if __name__ == "__main__":
    main()
