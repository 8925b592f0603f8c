"""The function's cold start under AWS's emulator, over a bare handler and over boto3.

    python -m benchmarks.cold_start [--rounds N] [--models FOLDER]

Libraries differ by Python: what holds for the function is its own, 3.13. The models are made by
TensorFlow, or taken from a folder that an earlier run with --models left them in, for a Python that
has none:

    python -m benchmarks.cold_start --rounds 1 --models models
    python3.13 -m venv v && v/bin/pip install '.[litert,local]' psutil
    v/bin/python -m benchmarks.cold_start --models models

What `litescore package` zips, unpacked and made read-only, its modules compiled beforehand. The
figure is the INIT duration that the platform logs: from the start of Python to the handler being
ready, the model loaded; beside it the processor time until then, which other programs disturb less. A bare handler shows what the emulator, Python and awslambdaric take; with
boto3 is the same function with an S3 client made at import. Every start is a fresh environment; the
first round, which fills the machine's file cache, is left out.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import re
import statistics
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.batch import cases
from benchmarks.batch.rounds import ROUNDS, print_ratio
from infra.package import build as package
from tests.rig.emulator import emulate

_INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)")
# Each tells the processor time that it took to get here, Python and awslambdaric included.
_TELLING = """
import time
_CPU = time.process_time() * 1000
def handler(event, context):
    return {"cpu": _CPU}
"""
# What no function that scores images so can do without.
_LIBRARIES = (
    """
import gc, os
gc.disable()
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy, PIL.Image
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=os.environ["LITESCORE_MODEL"])
interpreter.allocate_tensors()
"""
    + _TELLING
)
_OURS = "from lambda_handler import handler as scoring\n" + _TELLING
_WITH_BOTO3 = "import boto3\nclient = boto3.client('s3')\n" + _OURS
# Lambda hands these over; without a key a client of boto3 would look for one elsewhere.
_ENVIRON = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "LITESCORE_OUTPUT": "s3://bucket/records/",
}
BARE, OURS, BOTO3 = "bare handler", "litescore", "litescore + boto3 client"
LIBRARIES = "its libraries and the model alone"
PHOTOS = "litescore, MobileNetV3-Small"


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=ROUNDS)
    words.add_argument("--models", type=Path, help="keep the models here, or find them")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = given.models or folder / "models"
        dense = _unpacked(folder / "dense", _model(models / "dense.tflite", cases.dense))
        photos = _unpacked(folder / "photos", _model(models / "photos.tflite", cases.mobilenet))
        ways = {
            BARE: _function(folder / "bare", "bare", _TELLING),
            LIBRARIES: _function(dense, "libraries", _LIBRARIES),
            OURS: _function(dense, "ours", _OURS),
            BOTO3: _function(dense, "with_boto3", _WITH_BOTO3),
            PHOTOS: _function(photos, "ours", _OURS),
        }
        found = _measure(folder, ways, given.rounds)
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    print(f"\nINIT of the function under AWS's emulator, and its processor time ({versions})")
    for way, starts in found.items():
        took, cpu = (statistics.median(times) for times in zip(*starts, strict=True))
        low, high = min(starts)[0], max(starts)[0]
        print(f"  {way:<38}{took:>6.0f} ms ({low:.0f} to {high:.0f}){cpu:>8.0f} ms CPU")
    for what, number in (("INIT", 0), ("CPU", 1)):
        by = {way: [start[number] for start in starts] for way, starts in found.items()}
        print_ratio(f"{what} of the libraries, over bare", by[LIBRARIES], by[BARE])
        print_ratio(f"{what} over a bare handler", by[OURS], by[BARE], most=3.5)
        print_ratio(f"{what} over itself with a boto3 client", by[OURS], by[BOTO3], most=0.45)
        print_ratio(f"{what} with MobileNetV3-Small, over bare", by[PHOTOS], by[BARE])


def _model(file: Path, make: Callable[[], cases.Model]) -> Path:
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(make().file)
    return file


def _unpacked(folder: Path, model: Path) -> Path:
    """The task root that the function's zip unpacks to."""
    folder.mkdir()
    built = package.build(model, folder)
    root = folder / "task"
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(root)
    return root


def _function(root: Path, name: str, text: str) -> tuple[Path, str]:
    """A handler in a task root, which is made read-only."""
    if root.exists():
        root.chmod(0o755)
    root.mkdir(exist_ok=True)
    (root / f"{name}.py").write_text(text)
    compileall.compile_file(root / f"{name}.py", quiet=1)
    for path in (root, *root.rglob("*")):
        path.chmod(0o555)
    return root, f"{name}.handler"


def _measure(
    folder: Path, ways: Mapping[str, tuple[Path, str]], rounds: int
) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, (root, handler) in ways.items():
            took = _init(folder, root, handler)
            if number:
                found[name].append(took)
    return found


def _init(folder: Path, root: Path, handler: str) -> tuple[float, float]:
    """Milliseconds: those that the platform says INIT took, and of processor time."""
    environ = _ENVIRON | {"LITESCORE_MODEL": str(root / "model.tflite"), "PATH": os.environ["PATH"]}
    with emulate(folder, handler=handler, task_root=root, environ=environ) as function:
        status, reply = function.invoke({})
        log = function.log.read_text()
    if not (reported := _INIT.search(log)) or "cpu" not in reply:
        raise RuntimeError(f"{handler} answered {status} {reply}: {log[-2000:]}")
    return float(reported.group(1)), float(reply["cpu"])


if __name__ == "__main__":
    main()
