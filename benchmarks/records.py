"""What reading records back costs: peak memory and seconds of `results`, `reconcile` and `releases`.

    python -m benchmarks.records [IMAGES...]

Records lie in gzipped files of 10,000, a fiftieth of them twice, beside a gzipped manifest of their
images. 100,000 and 1,000,000 images by default. `releases` has as many records, of two models on
half the images. Each command runs in a process of its own.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from litescore.record import Record, Subject
from litescore.releases import keys

_MODELS = ("a" * 64, "b" * 64)
_A_FILE = 10_000
_TWICE = 50
# The peak of the process's own memory: `ru_maxrss` would count its parent's, from before it began.
_PEAK = """
import sys
from litescore.cli import litescore
litescore.main(sys.argv[1:], standalone_mode=False)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1],
      file=sys.stderr)
"""


def main() -> None:
    for images in map(int, sys.argv[1:] or ("100000", "1000000")):
        with tempfile.TemporaryDirectory() as folder:
            records, manifest = Path(folder) / "records", Path(folder) / "images.jsonl.gz"
            _make(images, records, manifest)
            _run(images, "results", records)
            _run(images, "reconcile", f"@{manifest}", records)
            _run(images, "results", records, "--by", "model,label,day")
            _run_releases(images, Path(folder))


def _run_releases(images: int, folder: Path) -> None:
    """Two models that no shelf knows, on the same images."""
    shelf, records, key = folder / "shoes", folder / "ran", folder / "key"
    _make(images, records, folder / "ran.jsonl.gz", _MODELS)
    keys.create(key)
    _run(images, "releases", shelf, "--records", records, "--trust", f"{key}.pub")


def _make(
    images: int, records: Path, manifest: Path, models: tuple[str, ...] = ("m" * 64,)
) -> None:
    records.mkdir()
    row = np.array([0.25, 0.75], np.float32)
    plain = Record.scored(Subject("SOURCE", etag="e"), row, labels=("ant", "bee"), model="MODEL")
    text = plain._replace(id="ID").to_json()
    with gzip.open(manifest, "wt", 1) as listed:
        for start in range(0, images, _A_FILE):
            lines = []
            for number in range(start, min(start + _A_FILE, images)):
                source = f"s3://bucket/{number // len(models):08}.png"
                model = models[number % len(models)]
                id_ = Subject(source, etag="e").identity(model)
                line = text.replace("SOURCE", source).replace("ID", id_).replace("MODEL", model)
                lines += [line] * (2 if number % _TWICE == 0 else 1)
                listed.write(f'{{"source":"{source}","etag":"e"}}\n')
            packed = gzip.compress("".join(f"{line}\n" for line in lines).encode(), 1)
            (records / f"{start:08}.jsonl.gz").write_bytes(packed)


def _run(images: int, *words: str | Path) -> None:
    start = time.perf_counter()
    command = [sys.executable, "-c", _PEAK, *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    kilobytes = int(done.stderr.split()[-1])
    print(
        f"{'--by' if '--by' in words else words[0]:<10} {images:>9,} images: {kilobytes * 1024 / 1e6:.1f} MB at the peak, "
        f"{time.perf_counter() - start:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
