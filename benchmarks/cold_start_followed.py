"""What following a channel adds to the function's cold start, under AWS's emulator.

    python -m benchmarks.cold_start_followed [--python 3.13] [--rounds N]

The zip of `litescore package --follow`, unpacked read-only and run by an interpreter of that version
on this machine. The same model is read from the zip, from S3 as one file that is pinned, and from a
channel in S3: statement, release and file, two signatures, golden samples. S3 is SeaweedFS on loopback,
so that the requests cost what they cost the processor and no more: on AWS each of the two further ones
waits for S3 some tens of milliseconds beside it. Starts take turns, and each ratio is of one round; the
first is left out. Then what a look at the channel costs an invocation, where nothing has changed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.batch.rounds import ROUNDS, print_ratio
from infra import emulator
from infra.emulator import Runtime
from infra.package import build as package
from infra.package import interpreters
from infra.package.target import DEFAULT, Target
from litescore.releases import keys, publishing
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.releases.conftest import make_model
from tests.rig import seaweed
from tests.rig.seaweed import S3

# Tells the processor time that it took to get here, and what looks cost from here on.
_HANDLER = """
import time
from lambda_handler import scoring
_CPU = time.process_time() * 1000
def handler(event, context):
    looks = []
    for _ in range(event["looks"]):
        cpu, wall = time.process_time(), time.perf_counter()
        scoring.renew(print)
        looks.append([1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall)])
    return {"cpu": _CPU, "looks": looks}
"""
ZIP, PINNED, FOLLOWED = "model in the zip", "pinned in S3", "followed"
_LOOKS = 50


@dataclass(frozen=True)
class Start:
    """Milliseconds: INIT as the platform says it, processor time, and (cpu, wall) of each look."""

    init: float
    cpu: float
    looks: list[list[float]]


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--python", default=DEFAULT.python)
    words.add_argument("--rounds", type=int, default=ROUNDS)
    given = words.parse_args()
    python = interpreters.find(given.python)
    if python is None:
        sys.exit(f"no Python {given.python} on this machine")
    with (
        tempfile.TemporaryDirectory() as name,
        tempfile.TemporaryDirectory() as home,
        seaweed.serve(Path(home)) as s3,
    ):
        folder = Path(name)
        root = _unpacked(folder, Target(DEFAULT.arch, given.python))
        ways = _ways(folder, root, s3)
        runtime = emulator.isolated(python, given.python)
        found = _starts(folder, root, runtime, ways, given.rounds)
    _print(found, given.python)


def _unpacked(folder: Path, target: Target) -> Path:
    """The task root, which cannot be written to."""
    model = folder / "model.tflite"
    model.write_bytes(make_model(1))
    built = package.build(model, folder / "out", target=target, follow=True)
    root = folder / "task"
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(root)
    (root / "timed.py").write_text(_HANDLER)
    for path in (root, *root.rglob("*")):
        path.chmod(0o555)
    return root


def _ways(folder: Path, root: Path, s3: S3) -> dict[str, Mapping[str, str]]:
    """The environment that each way's function has."""
    os.environ.update(s3.environ)
    shelf = open_shelf(f"s3://{s3.make_bucket()}/models/shoes")
    keys.create(folder / "a.key")
    key = keys.read_private(folder / "a.key")
    moved = publishing.publish(Publisher(shelf, key), make_model(1), "stable")
    common = dict(s3.environ) | {"PATH": os.defpath, "LITESCORE_OUTPUT": "s3://any/records/"}
    pinned = {"LITESCORE_MODEL_SHA256": moved.release.digest}
    followed = {"LITESCORE_TRUST": key.public.text, "LITESCORE_MODEL_CHECK": "0"}
    return {
        ZIP: common | pinned | {"LITESCORE_MODEL": f"{root}/model.tflite"},
        PINNED: common | pinned | {"LITESCORE_MODEL": shelf.file(moved.release.digest)},
        FOLLOWED: common | followed | {"LITESCORE_MODEL": f"{shelf.root}@stable"},
    }


def _starts(
    folder: Path, root: Path, runtime: Runtime, ways: Mapping[str, Mapping[str, str]], rounds: int
) -> dict[str, list[Start]]:
    found: dict[str, list[Start]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, environ in ways.items():
            start = _start(folder, root, runtime, environ)
            if number:
                found[way].append(start)
    return found


def _start(folder: Path, root: Path, runtime: Runtime, environ: Mapping[str, str]) -> Start:
    log = folder / f"log-{time.monotonic_ns()}"
    with emulator.running(
        root, log=log, runtime=runtime, handler="timed.handler", environ=environ
    ) as function:
        status, reply = function.invoke({"looks": _LOOKS})
        took = function.init_milliseconds
        if took is None or status != 200 or "errorType" in reply:
            raise RuntimeError(f"answered {status} {reply}: {function.program.tail()}")
    return Start(took, reply["cpu"], reply["looks"])


def _print(found: Mapping[str, list[Start]], python: str) -> None:
    print(f"\nINIT of the zip for Python {python} under AWS's emulator, and processor time")
    for way, starts in found.items():
        inits = [start.init for start in starts]
        cpu = statistics.median(start.cpu for start in starts)
        spread = f"({min(inits):.0f} to {max(inits):.0f})"
        print(f"  {way:<20}{statistics.median(inits):>6.0f} ms {spread:<13}{cpu:>6.0f} ms CPU")
    for other in (ZIP, PINNED):
        for what in ("init", "cpu"):
            ours, theirs = (
                [getattr(start, what) for start in found[way]] for way in (FOLLOWED, other)
            )
            print_ratio(f"{what.upper()} followed, over {other}", ours, theirs)
    looks = [look for start in found[FOLLOWED] for look in start.looks]
    cpu, wall = (statistics.median(column) for column in zip(*looks, strict=True))
    print(f"  a look where nothing has changed: {cpu:.2f} ms CPU, {wall:.2f} ms")


if __name__ == "__main__":
    main()
