"""`python -m benchmarks.choose`: parse and print, nothing else."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

import click

from benchmarks.choose import machines, models, page, rounds
from litescore.bench.machine import here
from litescore.cli import run


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", "count", type=click.IntRange(1), default=3, show_default=True,
              help="Turns that everything takes.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=0.15, show_default=True,
              help="Of each turn, at most.")  # fmt: skip
@click.option("--render", is_flag=True, help="Measure nothing: the page anew, of the last figures.")
def choose(count: int, seconds: float, render: bool) -> int:
    """Measure files, runtimes, batches and threads on this machine, and write docs/CHOOSE.md.

    Two models are trained for a minute on the shipped slice of Fashion-MNIST, the third has random
    weights. Dollars are those of `litescore cost` at the speeds in benchmarks/speeds.json.

    \b
    Example:
      python -m benchmarks.choose
      python -m benchmarks.choose --render
    """
    begun = time.perf_counter()
    held = json.loads(page.FIGURES.read_text()) if page.FIGURES.exists() else {"models": {}}
    if not render:
        held |= {"machine": _machine(), "rounds": count}
        with tempfile.TemporaryDirectory() as folder:
            for name in models.MODELS:
                # Kept as soon as it is there: the next may take minutes.
                held["models"][name] = _measured(name, Path(folder), count, seconds)
                page.FIGURES.write_text(json.dumps(held, indent=1) + "\n")
    held["aws"] = machines.tables()
    page.FIGURES.write_text(json.dumps(held, indent=1) + "\n")
    page.write(held)
    click.echo(f"{page.PAGE.name} written, {time.perf_counter() - begun:.0f} s")
    return 0


def _machine() -> dict[str, object]:
    flags = Path("/proc/cpuinfo").read_text()
    facts = {name: here().as_json()[name] for name in ("cpu", "machine", "cores", "python")}
    return facts | {"vnni": "vnni" in flags, "load": round(os.getloadavg()[0], 1)}


def _measured(name: str, folder: Path, count: int, seconds: float) -> dict[str, object]:
    click.echo(f"{name}: files")
    made = models.make(name, folder)
    click.echo(f"{name}: {count} rounds")
    costs = rounds.costs(made, count, seconds)
    return {"files": [one.as_json() for one in made], "costs": costs}


if __name__ == "__main__":
    run(choose)
