"""Each step of a batch at several sizes: what it takes of this machine, and what an image takes.

A start (Python, the model) is what one image takes; it is taken off before the rest is divided.
"""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.batch import cases
from litescore import store
from tests.rig.seaweed import S3

# What is done, in this order: each needs what those before it left.
STEPS = ("list", "keep", "score", "score again", "results", "reconcile")
# Different pictures; the rest repeat them under other names.
_DIFFERENT = 1000
_ENDING = ".png"


@dataclass(frozen=True)
class Taken:
    """What one step took at one size: seconds of CPU and on the clock, megabytes at the peak."""

    step: str
    images: int
    cpu: float
    wall: float
    megabytes: float


@dataclass(frozen=True)
class Written:
    """What lies there afterwards: objects of records, their bytes, and the manifest's bytes."""

    images: int
    objects: int
    record_bytes: int
    manifest_bytes: int


@dataclass(frozen=True)
class Growth:
    """All steps at all sizes; `start` is what each takes of one image."""

    start: Mapping[str, Taken]
    taken: Sequence[Taken]
    written: Sequence[Written]

    def each(self, step: str, images: int) -> float:
        """Microseconds of CPU an image, without the start: the mean of the runs of that size."""
        runs = [one for one in self.taken if one.step == step and one.images == images]
        spent = sum(max(0.0, one.cpu - self.start[step].cpu) for one in runs) / len(runs)
        return spent * 1e6 / images

    def as_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return {
            "start": {step: asdict(one) for step, one in self.start.items()},
            "taken": [asdict(one) for one in self.taken],
            "written": [asdict(one) for one in self.written],
        }

    @classmethod
    def from_json(cls, held: Mapping[str, object]) -> Growth:
        """What `as_json` gave."""
        given: dict[str, list[dict[str, float]]] = dict(held)  # type: ignore[arg-type]
        start = {step: Taken(**one) for step, one in dict(given["start"]).items()}  # type: ignore[arg-type]
        taken = [Taken(**one) for one in given["taken"]]  # type: ignore[arg-type]
        return cls(start, taken, [Written(**one) for one in given["written"]])  # type: ignore[arg-type]


def measure(server: S3, folder: Path, model: Path, sizes: Sequence[int]) -> Growth:
    """All steps at one image, then at each size in turn; prints a line a step."""
    start: dict[str, Taken] = {}
    taken: list[Taken] = []
    written: list[Written] = []
    for images in (1, *sizes):
        runs, left = _once(server, folder, model, images)
        if images == 1:
            start = {one.step: one for one in runs}
            continue
        taken += runs
        written.append(left)
        for one in runs:
            print(
                f"  {one.images:>8,} {one.step:<12}{one.cpu:>8.1f} s CPU{one.wall:>8.1f} s"
                f"{one.megabytes:>8.1f} MB",
                flush=True,
            )
    return Growth(start, taken, written)


def _once(server: S3, folder: Path, model: Path, images: int) -> tuple[list[Taken], Written]:
    bucket, output = _upload(server, images), server.make_bucket()
    place, source, named = f"s3://{output}/records/", f"s3://{bucket}/", folder / "list.jsonl.gz"
    words = {
        "list": ["list", source],
        "keep": ["keep", str(named), bucket, output],
        "score": ["cli", "score", source, "--model", str(model), "--out", place],
        "results": ["cli", "results", place],
        "reconcile": ["cli", "reconcile", source, place],
    }
    words["score again"] = words["score"]
    with gzip.open(named, "wt", 1) as file:
        for entry in store.list_objects(source):
            file.write(json.dumps({"source": entry.source, "etag": entry.etag}) + "\n")
    told = {step: _run(step, images, words[step]) for step in STEPS}
    found = [entry.size for entry in store.list_objects(place)]
    manifest = int(told["keep"][1].split()[1])
    return [one for one, _ in told.values()], Written(images, len(found), sum(found), manifest)


def _run(step: str, images: int, words: Sequence[str]) -> tuple[Taken, str]:
    command = [sys.executable, "-m", "benchmarks.scale.work", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{step} of {images:,} images failed: {done.stderr[-2000:]}")
    return Taken(step, images, **json.loads(done.stderr.splitlines()[-1])), done.stdout


def _upload(server: S3, count: int) -> str:
    """A bucket with so many PNGs of 28 x 28 under one prefix."""
    bucket = server.make_bucket()
    blobs = itertools.cycle(cases.small_images(min(count, _DIFFERENT)))
    named: Iterator[tuple[str, bytes]] = (
        (f"s3://{bucket}/{number:08}{_ENDING}", blob)
        for number, blob in enumerate(itertools.islice(blobs, count))
    )
    with ThreadPoolExecutor(4) as threads:
        for lot in iter(lambda: list(itertools.islice(named, 1000)), []):
            list(threads.map(lambda one: store.put(*one), lot))
    return bucket
