"""`python -m benchmarks.edge_soak`: site, soak, verdict, and the table of it."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from benchmarks import trained
from benchmarks.edge_soak import site
from benchmarks.edge_soak.soaking import Soak
from benchmarks.edge_soak.table import table
from benchmarks.edge_soak.verdict import judge
from infra.processes import unwinding_on_signals

_INSIDE = "EDGE_SOAK_NAMESPACE"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--frames", type=click.IntRange(min=100), default=100_000, show_default=True)
@click.option("--every", type=click.IntRange(min=10), default=1000, show_default=True)
@click.option("--rate", type=float, default=200.0, show_default=True, help="Frames a second.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--model", type=click.Path(path_type=Path), help="A .tflite file; trained without.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to work; kept.")
def soak(
    frames: int, every: int, rate: float, seed: int, model: Path | None, folder: Path | None
) -> None:
    """Score FRAMES camera frames with a fault EVERY so many of them, and account for each.

    Needs mosquitto, and a mount namespace of its own. Exits with 1 where something is missing,
    double or broken.
    """
    if os.environ.get(_INSIDE) != "1":
        os.environ[_INSIDE] = "1"
        site.in_namespace(sys.argv[1:])
    with unwinding_on_signals(), tempfile.TemporaryDirectory() as name:
        place = folder or Path(name)
        place.mkdir(parents=True, exist_ok=True)
        with site.opened(place, model or trained.model(place)) as found:
            soaked = Soak(found, frames, every, rate, seed, _say)
            soaked.run()
            verdict = judge(soaked)
        print(table(soaked, verdict))
    sys.exit(1 if verdict.troubles else 0)


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    soak()
