"""The function's cold start under AWS's emulator, over a bare handler and over boto3.

    python -m benchmarks.cold_start [ROUNDS]

What `litescore package` zips, unpacked and made read-only, its modules compiled beforehand. The
figure is the INIT duration that the platform logs: from the start of Python to the handler being
ready, the model loaded. A bare handler shows what the emulator, Python and awslambdaric take; with
boto3 is the same function with an S3 client made at import. Every start is a fresh environment; the
first round, which fills the machine's file cache, is left out.
"""

from __future__ import annotations

import compileall
import os
import re
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.batch import cases
from benchmarks.batch.rounds import ROUNDS, print_ratio
from infra import package
from tests.rig.emulator import emulate

_INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)")
_BARE = "def handler(event, context):\n    return {}\n"
_WITH_BOTO3 = (
    "import boto3\nclient = boto3.client('s3')\nfrom lambda_handler import handler as handler\n"
)
# Lambda hands these over; without a key a client of boto3 would look for one elsewhere.
_ENVIRON = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "LITESCORE_OUTPUT": "s3://bucket/records/",
}
BARE, OURS, BOTO3 = "bare handler", "litescore", "litescore + boto3 client"
PHOTOS = "litescore, MobileNetV3-Small"


def main() -> None:
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dense = _unpacked(folder / "dense", cases.dense().file)
        photos = _unpacked(folder / "photos", cases.mobilenet().file)
        (folder / "bare").mkdir()
        (folder / "bare" / "bare.py").write_text(_BARE)
        compileall.compile_dir(folder / "bare", quiet=1)
        found = _measure(
            folder,
            {
                BARE: (folder / "bare", "bare.handler"),
                OURS: (dense, "lambda_handler.handler"),
                BOTO3: (dense, "with_boto3.handler"),
                PHOTOS: (photos, "lambda_handler.handler"),
            },
            rounds,
        )
    print("\nINIT of the function under AWS's emulator")
    for way, times in found.items():
        low, high = min(times), max(times)
        print(f"  {way:<38}{statistics.median(times):>8.0f} ms ({low:.0f} to {high:.0f})")
    print_ratio("over a bare handler", found[OURS], found[BARE], most=3.5)
    print_ratio("over itself with a boto3 client", found[OURS], found[BOTO3], most=0.45)
    print_ratio("MobileNetV3-Small, over a bare handler", found[PHOTOS], found[BARE])


def _unpacked(folder: Path, model: bytes) -> Path:
    folder.mkdir()
    file = folder / "given.tflite"
    file.write_bytes(model)
    built = package.build(file, folder)
    root = folder / "task"
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(root)
    (root / "with_boto3.py").write_text(_WITH_BOTO3)
    compileall.compile_file(root / "with_boto3.py", quiet=1)
    for path in root.rglob("*"):
        path.chmod(0o555)
    return root


def _measure(
    folder: Path, ways: Mapping[str, tuple[Path, str]], rounds: int
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, (root, handler) in ways.items():
            took = _init(folder, root, handler)
            if number:
                found[name].append(took)
    return found


def _init(folder: Path, root: Path, handler: str) -> float:
    """Milliseconds that the platform says INIT took."""
    environ = _ENVIRON | {"LITESCORE_MODEL": str(root / "model.tflite"), "PATH": os.environ["PATH"]}
    with emulate(folder, handler=handler, task_root=root, environ=environ) as function:
        function.invoke({"Event": "s3:TestEvent", "Service": "Amazon S3"})
        log = function.log.read_text()
    if not (reported := _INIT.search(log)):
        raise RuntimeError(f"no INIT in the log: {log[-2000:]}")
    return float(reported.group(1))


if __name__ == "__main__":
    main()
