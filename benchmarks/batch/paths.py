"""The ways images take on AWS, and shards: CPU an image of each over that of single objects.

    python -m benchmarks.batch.paths [--rounds N] [--json FILE]

Records are written by all; shards lie in S3 too. With --json the speeds go to a file, which
`python -m benchmarks.cost` makes prices of.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import holds
from benchmarks.batch import cases, ways
from benchmarks.batch.cases import Case
from benchmarks.batch.rounds import ROUNDS, Cost, Rounds, cpu, measure, print_costs, print_ratio
from litescore import image, store
from litescore.record import Subject
from tests.rig import seaweed

OBJECTS = "single objects"
EVENTS, BACKFILL = "handler, 100 messages of SQS", "handler, 500 items of a Map"
ZIP, TAR, NPZ, IDX = "zip shard", "tar shard", "npz shard", "idx shard"
SHARDS = (ZIP, TAR, NPZ, IDX)
HOLDS = {ZIP: holds.ZIP.most, NPZ: holds.NPZ.most}
# An array of more of them is hundreds of megabytes.
ARRAY_PHOTOS = 100


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("--rounds", type=int, default=ROUNDS)
    words.add_argument("--json", type=Path, help="write the speeds here")
    given = words.parse_args()
    speeds = {}
    with tempfile.TemporaryDirectory() as folder, seaweed.serve(Path(folder)) as server:
        for case in cases.each(server):
            with ways.handler_ready(case):
                speeds[case.name] = medians(report(case, given.rounds))
    if given.json:
        given.json.write_text(json.dumps(speeds, indent=2))


def report(case: Case, count: int) -> Rounds:
    """Print the rows of one kind of images."""
    rounds = found(case, count)
    print_costs(f"{case.name} (batch {case.scorer.batch})", rounds)
    objects = cpu(rounds, OBJECTS)
    for name in (ZIP, NPZ, TAR, IDX, EVENTS, BACKFILL):
        if name in rounds:
            what = f"CPU, {name} over single objects"
            print_ratio(what, cpu(rounds, name), objects, most=HOLDS.get(name))
    return rounds


def found(case: Case, count: int) -> Rounds:
    """The cost of every path in so many rounds."""
    number = len(case.blobs)
    doing = {
        OBJECTS: (number, partial(ways.pipeline, case)),
        EVENTS: (number, partial(ways.handler, case, ways.queue_events(case))),
        BACKFILL: (number, partial(ways.handler, case, ways.map_events(case))),
    }
    for shard in shards_of(case):
        doing[shard.name] = (shard.images, partial(ways.pipeline, case, shard.put(case)))
    return measure(doing, count)


def medians(rounds: Rounds) -> dict[str, dict[str, float]]:
    """Microseconds an image by way: {way: {"cpu": ..., "wall": ...}}."""
    return {
        name: asdict(
            Cost(*(statistics.median(getattr(c, w) for c in costs) for w in ("cpu", "wall")))
        )
        for name, costs in rounds.items()
    }


@dataclass(frozen=True)
class Shard:
    """Many images in one object."""

    name: str
    ending: str
    data: bytes
    images: int

    def put(self, case: Case) -> Sequence[Subject]:
        """The shard in a bucket of its own."""
        bucket = cases.upload(case.server, [self.data], self.ending)
        return [entry.subject for entry in store.list_objects(f"s3://{bucket}/")]


def shards_of(case: Case, names: Sequence[str] = SHARDS) -> list[Shard]:
    """The case's images as shards of these kinds; arrays hold pixels of the images' own size."""
    blobs = case.blobs
    packed = {ZIP: _zipped, TAR: _tarred}
    endings = {ZIP: ".zip", TAR: ".tar"}
    found = [Shard(n, endings[n], packed[n](blobs), len(blobs)) for n in packed if n in names]
    few = blobs if case.name == cases.SMALL_NAME else blobs[:ARRAY_PHOTOS]
    pixels = np.stack([np.asarray(image.decode(blob)) for blob in few])
    if NPZ in names:
        buffer = io.BytesIO()
        np.savez(buffer, x_test=pixels)
        found.append(Shard(NPZ, ".npz", buffer.getvalue(), len(few)))
    if IDX in names:
        header = bytes([0, 0, 8, pixels.ndim]) + np.array(pixels.shape, ">u4").tobytes()
        ending = f"-idx{pixels.ndim}-ubyte"
        found.append(Shard(IDX, ending, header + pixels.tobytes(), len(few)))
    return found


def _zipped(blobs: Sequence[bytes]) -> bytes:
    """As `zip` packs: deflated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, blob in enumerate(blobs):
            archive.writestr(f"{number:06}{_ending(blob)}", blob)
    return buffer.getvalue()


def _tarred(blobs: Sequence[bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, blob in enumerate(blobs):
            entry = tarfile.TarInfo(f"{number:06}{_ending(blob)}")
            entry.size = len(blob)
            archive.addfile(entry, io.BytesIO(blob))
    return buffer.getvalue()


def _ending(blob: bytes) -> str:
    return ".png" if blob.startswith(b"\x89PNG") else ".jpg"


if __name__ == "__main__":
    main()
