"""`python -m benchmarks.soak`: plan, cloud, faults, verdict, and the table of it."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import click

from benchmarks import trained
from benchmarks.soak import job, plan, verdict
from benchmarks.soak.bodies import Stock
from benchmarks.soak.table import table
from infra.local import cloud as local
from infra.package import build as package
from infra.processes import unwinding_on_signals
from litescore import dataset
from litescore.scorer import Scorer
from litescore.settings import Settings

_SHIPPED = Path(__file__).parents[2] / "trainer" / "data"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--objects", type=click.IntRange(min=50), default=10_000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--model", type=click.Path(path_type=Path), help="A .tflite file; trained without.")
def soak(objects: int, seed: int, model: Path | None) -> None:
    """Put OBJECTS through the local cloud while everything goes wrong, and account for each.

    Exits with 1 where an image is missing, double, or answered otherwise than in one process.
    """
    with unwinding_on_signals(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = model or trained.model(folder)
        rng = random.Random(f"{seed} plan")
        data = Path(Settings.read().data or _SHIPPED) / "fashion-mnist"
        stock = Stock(dataset.load(data, "test"), Scorer(model, runtime="litert"), rng)
        steps = plan.make(objects, stock, rng)
        built = package.build(model, folder / "package")
        progress = Progress()
        with local.running(built.path, say=progress) as cloud:
            course = job.run(cloud, steps, seed, job.Pace(), progress)
            progress("reading the records")
            found = verdict.judge(cloud, course, folder / "records")
        progress.close()
    print(table(objects, seed, found))
    sys.exit(1 if found.troubles else 0)


class Progress:
    """One line that is written over, on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        if self._shown:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        self("")


if __name__ == "__main__":
    soak()
