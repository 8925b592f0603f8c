"""The cold start of the packaged zip under AWS's emulator, and what each import takes of it.

    python -m benchmarks.cold_start [--python 3.13] [--rounds N] [--models FOLDER]

What `litescore package` makes for x86-64 and that Python, unpacked read-only and run by an
interpreter of that version on this machine, which sees the zip and awslambdaric alone. TensorFlow,
on the Python that runs this, makes the models; a folder keeps them.

INIT is the platform's figure: from the start of Python to the handler being ready, the model loaded;
beside it the processor time until then, which other programs disturb less. A bare handler shows what
the emulator, Python and awslambdaric take; with boto3 is the same function with an S3 client made at
import. Every start is a fresh environment, all take turns, and each ratio is of one round; the first
round, which fills the machine's file cache, is left out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import holds
from benchmarks.batch import cases
from benchmarks.batch.rounds import ROUNDS, print_ratio
from infra import emulator
from infra.emulator import Runtime
from infra.package import build as package
from infra.package import interpreters
from infra.package.target import DEFAULT, Target
from tests.rig import locked

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
# One after the other in one start: what is shared is counted where it comes first. Without the
# variable the handler's package does not load all by itself.
_STAGES = """
import time
marks = [("start of Python, awslambdaric", time.process_time())]
def mark(name):
    marks.append((name, time.process_time()))
import gc, os, sys
gc.disable()
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ.pop("AWS_LAMBDA_RUNTIME_API")
import concurrent.futures, dataclasses, datetime, hashlib, platform
mark("standard library")
import numpy
mark("numpy")
import PIL.Image
mark("Pillow")
import ai_edge_litert.interpreter
mark("LiteRT")
import obstore.store
mark("obstore")
import lambda_handler.job
mark("litescore, lambda_handler")
lambda_handler.job.scoring.prepare()
mark("the model, loaded and checked")
def handler(event, context):
    ends = [0.0, *(end for _, end in marks)]
    return {name: 1000 * (end - ends[i]) for i, (name, end) in enumerate(marks)}
"""
# Lambda hands these over; without a key a client of boto3 would look for one elsewhere.
_ENVIRON = {
    "PATH": os.defpath,
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "LITESCORE_OUTPUT": "s3://bucket/records/",
}
BARE, OURS, BOTO3 = "bare handler", "litescore", "litescore + boto3 client"
LIBRARIES = "its libraries and the model alone"
PHOTOS = "litescore, MobileNetV3-Small"
STAGES = "stages"


@dataclass(frozen=True)
class Way:
    """A handler in a task root, and the runtime that imports it."""

    root: Path
    handler: str
    runtime: Runtime


@dataclass(frozen=True)
class Start:
    """Milliseconds that the platform says INIT took, and what the handler answers."""

    init: float
    told: Mapping[str, float]


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--python", default=DEFAULT.python)
    words.add_argument("--rounds", type=int, default=ROUNDS)
    words.add_argument("--models", type=Path, help="keep the models here, or find them")
    given = words.parse_args()
    found = starts(given.python, given.rounds, given.models)
    stages = found.pop(STAGES)
    print(f"\nINIT of the zip for Python {given.python} under AWS's emulator, and processor time")
    _print_starts(found)
    _print_stages([start.told for start in stages])


def starts(python: str, rounds: int, models: Path | None = None) -> dict[str, list[Start]]:
    """Each way's starts, round by round; those of STAGES tell what each import took."""
    interpreter = interpreters.find(python)
    if interpreter is None:
        sys.exit(f"no Python {python} on this machine")
    runtime = emulator.isolated(interpreter, python)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways, stages = _ways(folder, models or folder / "models", python, runtime)
        return _measure(folder, {**ways, STAGES: stages}, rounds)


def _ways(folder: Path, models: Path, python: str, runtime: Runtime) -> tuple[dict[str, Way], Way]:
    target = Target(DEFAULT.arch, python)
    dense = _unpacked(folder / "dense", _model(models / "dense.tflite", cases.dense), target)
    photos = _unpacked(folder / "photos", _model(models / "photos.tflite", cases.mobilenet), target)
    bare = folder / "bare"
    bare.mkdir()
    ways = {
        BARE: _way(bare, "bare", _TELLING, runtime),
        LIBRARIES: _way(dense, "libraries", _LIBRARIES, runtime),
        OURS: _way(dense, "ours", _OURS, runtime),
        BOTO3: _way(dense, "with_boto3", _WITH_BOTO3, _with_boto3(folder, python, runtime)),
        PHOTOS: _way(photos, "ours", _OURS, runtime),
    }
    return ways, _way(dense, "stages", _STAGES, runtime)


def _model(file: Path, make: Callable[[], cases.Model]) -> Path:
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(make().file)
    return file


def _unpacked(folder: Path, model: Path, target: Target) -> Path:
    """The task root that the function's zip unpacks to."""
    built = package.build(model, folder, target=target)
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(folder / "task")
    return folder / "task"


def _way(root: Path, name: str, text: str, runtime: Runtime) -> Way:
    (root / f"{name}.py").write_text(text)
    return Way(root, f"{name}.handler", runtime)


def _with_boto3(folder: Path, python: str, runtime: Runtime) -> Runtime:
    """Lambda's own runtime has boto3 beside awslambdaric, compiled."""
    site = folder / "boto3"
    names = locked.closure("boto3", (), python) | {"boto3"}
    platforms = locked.platforms("x86_64", glibc=34)
    locked.unpack(names, site, python=python, platforms=platforms)
    interpreter = str(runtime.words[0])
    os.spawnl(os.P_WAIT, interpreter, interpreter, "-S", "-m", "compileall", "-q", str(site))
    paths = f"{runtime.environ['PYTHONPATH']}{os.pathsep}{site}"
    return replace(runtime, environ={**runtime.environ, "PYTHONPATH": paths})


def _measure(folder: Path, ways: Mapping[str, Way], rounds: int) -> dict[str, list[Start]]:
    for path in (path for way in ways.values() for path in (way.root, *way.root.rglob("*"))):
        path.chmod(0o555)
    found: dict[str, list[Start]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            start = _start(folder, way)
            if number:
                found[name].append(start)
    return found


def _start(folder: Path, way: Way) -> Start:
    environ = _ENVIRON | {"LITESCORE_MODEL": str(way.root / "model.tflite")}
    with emulator.running(
        way.root,
        log=folder / "log",
        runtime=way.runtime,
        handler=way.handler,
        environ=environ,
    ) as function:
        status, reply = function.invoke({})
        took = function.init_milliseconds
        if took is None or status != 200 or "errorType" in reply:
            raise RuntimeError(
                f"{way.handler} answered {status} {reply}: {function.program.tail()}"
            )
    return Start(took, reply)


def _print_starts(found: Mapping[str, list[Start]]) -> None:
    for way, starts in found.items():
        inits = [start.init for start in starts]
        took, cpu = (
            statistics.median(inits),
            statistics.median(start.told["cpu"] for start in starts),
        )
        spread = f"({min(inits):.0f} to {max(inits):.0f})"
        print(f"  {way:<38}{took:>6.0f} ms {spread:<13}{cpu:>6.0f} ms CPU")
    of: dict[str, Callable[[Start], float]] = {
        "INIT": lambda start: start.init,
        "CPU": lambda start: start.told["cpu"],
    }
    for what, number in of.items():
        by: dict[str, list[Any]] = {way: [*map(number, starts)] for way, starts in found.items()}
        print_ratio(f"{what} of the libraries, over bare", by[LIBRARIES], by[BARE])
        print_ratio(f"{what} over a bare handler", by[OURS], by[BARE], most=holds.BARE.most)
        print_ratio(
            f"{what} over itself with a boto3 client", by[OURS], by[BOTO3], most=holds.BOTO3.most
        )
        print_ratio(f"{what} with MobileNetV3-Small, over bare", by[PHOTOS], by[BARE])


def _print_stages(starts: list[Mapping[str, float]]) -> None:
    """What each import takes, in processor time; what several share counts for the first."""
    print("\nprocessor time of each import, one after the other, over the start before them")
    first, *_ = starts[0]
    for name in starts[0]:
        times = [start[name] for start in starts]
        print_ratio(f"{name}: {statistics.median(times):.1f} ms", times, [s[first] for s in starts])
    print_ratio("in all", [sum(start.values()) for start in starts], [s[first] for s in starts])


if __name__ == "__main__":
    main()
