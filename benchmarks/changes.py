"""Peak memory of looking for changes among many objects, over that among a few.

    python -m benchmarks.changes

`lambda_handler.changes` in a process of its own each time, against a SeaweedFS server on this
machine: a bucket of small objects of which all but the last hundred have their record, 100 records
an object as a queue's batches write them.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.batch.rounds import print_ratio
from litescore import store
from litescore.errors import PermanentError
from litescore.record import Record
from tests.rig import seaweed
from tests.rig.seaweed import S3

FEW, MANY, RUNS, NEW = 2_000, 20_000, 3, 100
BATCH = 100
MODEL = "a" * 64
_FIND = """
import sys
from lambda_handler import changes
asked = {"bucket": sys.argv[1], "prefix": "", "max_images": 100_000}
answer = changes.find({"changes": asked}, sys.argv[2], sys.argv[3], lambda: False)
print(answer["images"], answer["complete"])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name, seaweed.serve(Path(name)) as server:
        os.environ.update(server.environ)
        low, high = (_peaks(server, count) for count in (FEW, MANY))
    print_ratio("peak memory, many over few", high, low, most=1.1)


def _peaks(server: S3, count: int) -> list[float]:
    """Megabytes at the peak of each run."""
    bucket, place = server.make_bucket(), f"s3://{server.make_bucket()}/records/"
    _put(server, bucket, count)
    _record(bucket, place, count - NEW)
    return [_run(bucket, place, count) for _ in range(RUNS)]


def _put(server: S3, bucket: str, count: int) -> None:
    def put(number: int) -> None:
        key = f"{number // 1000:04}/{number:06}.png"
        server.client.put_object(Bucket=bucket, Key=key, Body=b"image")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, range(count)))


def _record(bucket: str, place: str, count: int) -> None:
    """Records of the first `count` objects."""
    error, lines = PermanentError("corrupt", "no image"), []
    for number, entry in enumerate(store.list_objects(f"s3://{bucket}/"), 1):
        lines.append(Record.failed(entry.subject, error, model=MODEL).to_json())
        if len(lines) == BATCH or number == count:
            data = gzip.compress("\n".join([*lines, ""]).encode(), 1)
            store.put(f"{place}dt=2026-01-01/{MODEL[:12]}-{number:064x}.jsonl.gz", data)
            lines.clear()
        if number == count:
            return


def _run(bucket: str, place: str, count: int) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-c", _FIND, bucket, place, MODEL]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    took = time.perf_counter() - start
    found, peak = done.stdout.splitlines()
    assert found == f"{NEW} True", found
    megabytes = int(peak) * 1024 / 1e6
    print(f"  {count:>6,} objects: {megabytes:.1f} MB at the peak, {took:.1f} s", flush=True)
    return megabytes


if __name__ == "__main__":
    main()
