"""Peak memory of scoring many images from S3, over that of a few.

    python -m benchmarks.memory [small|shard|photos ...]

`litescore score s3://... --out s3://...` in a process of its own each time, against a SeaweedFS
server on this machine: 28 x 28 PNGs one by one, the same in a zip, and 12-megapixel JPEGs. A zip lies in memory as it is packed, so that nothing
is held of it. What a
run of few images takes varies with how its threads meet, so that is run several times.
"""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import holds
from benchmarks.batch import cases
from benchmarks.batch.rounds import print_ratio
from tests.rig import seaweed
from tests.rig.seaweed import S3

FEW_RUNS = 3
# Different 12-megapixel pictures, each under many keys.
DIFFERENT = 4
# The peak of the process's own memory: `ru_maxrss` would count its parent's, from before it began.
_PEAK = """
import sys
from litescore.cli import litescore
litescore.main(sys.argv[1:], standalone_mode=False)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1],
      file=sys.stderr)
"""


@dataclass(frozen=True)
class Row:
    """Few images and many, a model, and how they are put into a bucket."""

    name: str
    few: int
    many: int
    model: Callable[[], cases.Model]
    put: Callable[[S3, int], str]
    most: float | None = holds.PEAK.most


def main() -> None:
    wanted = sys.argv[1:] or list(ROWS)
    with tempfile.TemporaryDirectory() as name, seaweed.serve(Path(name)) as server:
        os.environ.update(server.environ)
        for row in map(ROWS.__getitem__, wanted):
            report(row, server, Path(name))


def report(row: Row, server: S3, folder: Path) -> None:
    """Print one row."""
    print(f"\n{row.name}")
    found = peaks(row, (row.few, row.many), server, folder)
    low, high = found[row.few], found[row.many]
    print_ratio("peak memory, many over few", high * len(low), low, most=row.most)


def peaks(
    row: Row, counts: Sequence[int], server: S3, folder: Path, few_runs: int = FEW_RUNS
) -> dict[int, list[float]]:
    """Megabytes at the peak by number of images: of each run of the first number, of one of others."""
    model = folder / "model.tflite"
    model.write_bytes(row.model().file)
    found = {}
    for count in counts:
        bucket = row.put(server, count)
        runs = few_runs if count == counts[0] else 1
        found[count] = [_run(bucket, count, model, server) for _ in range(runs)]
    return found


def _run(bucket: str, images: int, model: Path, server: S3) -> float:
    """Megabytes at the peak."""
    place = f"s3://{server.make_bucket()}/records"
    words = ["score", f"s3://{bucket}/", "--model", model, "--out", place]
    start = time.perf_counter()
    command = [sys.executable, "-c", _PEAK, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    took = time.perf_counter() - start
    peak = int(done.stderr.split()[-1]) * 1024 / 1e6
    print(f"  {images:>6,} images: {peak:.1f} MB at the peak, {took:.1f} s", flush=True)
    assert f"{images:,} scored" in done.stdout + done.stderr, done.stdout
    return peak


def _put_small(server: S3, count: int) -> str:
    return cases.upload(server, cases.small_images(count), ".png")


def _put_shard(server: S3, count: int) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, blob in enumerate(cases.small_images(count)):
            archive.writestr(f"{number:06}.png", blob)
    print(f"  a zip of {count:,} members is {len(buffer.getvalue()) / 1e6:.1f} MB")
    return cases.upload(server, [buffer.getvalue()], ".zip")


def _put_photos(server: S3, count: int) -> str:
    pictures: Sequence[bytes] = cases.photographs(DIFFERENT, 4000, 3000)
    many = list(itertools.islice(itertools.cycle(pictures), count))
    return cases.upload(server, many, ".jpg")


ROWS = {
    "small": Row("28 x 28 PNGs, one by one", 64, 10_000, cases.dense, _put_small),
    "shard": Row("28 x 28 PNGs in a zip", 64, 10_000, cases.dense, _put_shard, None),
    "photos": Row("12-megapixel JPEGs", 16, 500, cases.mobilenet, _put_photos),
}


if __name__ == "__main__":
    main()
