"""How cost grows with the number of images, measured on this machine.

    python -m benchmarks.scale [--images N ...] [--json FILE] [--png FILE]

PNGs of 28 x 28 in a SeaweedFS server: listed, made into a backfill's manifest, scored by `litescore
score`, scored again (all is done already), counted by `results`, proven by `reconcile`. Each step
runs in a process of its own; 10,000 images are run before and after 100,000. The claim: what an
image takes does not grow with their number. Ten minutes on two cores that have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from benchmarks.batch import cases
from benchmarks.scale import growth
from benchmarks.scale.growth import STEPS, Growth
from tests.rig import seaweed

SIZES = (1_000, 10_000, 100_000, 10_000)
# An image of the most against one of the fewer: noise between processes stays well below it.
MOST = 1.25


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("--images", type=int, nargs="+", default=SIZES)
    words.add_argument("--json", type=Path, help="write what was measured here")
    words.add_argument("--png", type=Path, help="draw the curves here")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as name, seaweed.serve(Path(name)) as server:
        os.environ.update(server.environ)
        model = Path(name) / "model.tflite"
        model.write_bytes(cases.dense().file)
        found = growth.measure(server, Path(name), model, given.images)
    report(found)
    if given.json:
        given.json.write_text(json.dumps(found.as_json(), indent=1) + "\n")
    if given.png:
        from benchmarks.scale import pictures

        given.png.write_bytes(pictures.growth(found))


def report(found: Growth) -> None:
    """Print what an image takes at each size, and the ratio of the two largest."""
    sizes = sorted({one.images for one in found.taken})
    print("\nmicroseconds of CPU an image, without the start; megabytes at the peak")
    for step in STEPS:
        cells = []
        for images in sizes:
            peak = max(o.megabytes for o in found.taken if o.step == step and o.images == images)
            cells.append(f"{found.each(step, images):>9.1f} us{peak:>7.1f} MB")
        ratio = _ratio(found, step, sizes)
        print(f"  {step:<12}" + "".join(cells) + ratio)
    for one in found.written:
        print(
            f"  {one.images:>8,} images: {one.objects:,} objects of records, "
            f"{one.record_bytes / one.images:.0f} bytes a record, "
            f"{one.manifest_bytes / one.images:.0f} bytes a line of the manifest"
        )


def _ratio(found: Growth, step: str, sizes: list[int]) -> str:
    if len(sizes) < 2:
        return ""
    ratio = found.each(step, sizes[-1]) / found.each(step, sizes[-2])
    return f"{ratio:>8.2f} x (<= {MOST} x: {'met' if ratio <= MOST else 'NOT MET'})"


if __name__ == "__main__":
    main()
