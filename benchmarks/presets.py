"""What the best presets reach: trained, exported to int8, and the file itself measured.

Each seed is a whole `litescore train`, `export` and `evaluate` on the full data set. Presets were
chosen by validation images; the test images are looked at here. `--at-once 2` trains two seeds side
by side, each on one thread. What lies in `--runs` already is not trained again.

    LITESCORE_DATA=datasets python -m benchmarks.presets --seeds 3 --runs runs/
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

# preset -> smallest test accuracy in percent and largest file in bytes
HOLD = {"fashion-best": (94.0, 500_000), "mnist-best": (99.6, 300_000)}
_MOST_MINUTES = 60.0


@dataclass(frozen=True)
class Trained:
    """One seed of a preset: accuracies in percent, of the Keras model on validation images and of
    the int8 file on test images; minutes of training; bytes of the file.
    """

    preset: str
    seed: int
    validation: float
    accuracy: float
    minutes: float
    size: int


def litescore(*words: str, threads: int | None = None) -> str:
    variables = {} if threads is None else {"TF_NUM_INTRAOP_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, "-m", "litescore", *words],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def one(preset: str, seed: int, runs: Path, threads: int | None) -> Trained:
    """Train, export and measure what is not there yet."""
    run, model = runs / f"{preset}-{seed}", runs / f"{preset}-{seed}.tflite"
    if not (run / "run.json").exists():
        litescore(
            *("train", "--preset", preset, "--seed", str(seed), "--out", str(run), "--quiet"),
            threads=threads,
        )
    if not model.exists():
        litescore("export", str(run), "--quantize", "int8", "--out", str(model))
    facts: dict[str, Any] = json.loads((run / "run.json").read_text())
    judged = json.loads(litescore("evaluate", str(model), "--data", facts["data"], "--json"))
    return Trained(
        preset,
        seed,
        100 * facts["validation_accuracy"],
        100 * judged["accuracy"],
        facts["train_seconds"] / 60,
        model.stat().st_size,
    )


def told(found: Iterable[Trained]) -> None:
    rows = list(found)
    preset = rows[0].preset
    least, most = HOLD[preset]
    for row in rows:
        click.echo(
            f"{preset:13} seed {row.seed}  int8 {row.accuracy:.2f} %  {row.size / 1000:.0f} kB  "
            f"validation {row.validation:.2f} %  {row.minutes:.1f} min"
        )
    accuracies = np.array([row.accuracy for row in rows])
    size, minutes = max(row.size for row in rows), max(row.minutes for row in rows)
    met = accuracies.mean() >= least and size <= most and minutes <= _MOST_MINUTES
    click.echo(
        f"{preset:13} int8 {accuracies.mean():.2f} % (mean of {len(rows)}, "
        f"{accuracies.min():.2f} to {accuracies.max():.2f})  {size / 1000:.0f} kB  "
        f"hold {least} % in {most / 1000:.0f} kB and {_MOST_MINUTES:.0f} min: "
        f"{'met' if met else 'NOT met'}"
    )


@click.command()
@click.option("--preset", "names", multiple=True, type=click.Choice(list(HOLD)), help="[all]")
@click.option("--seeds", default=3, show_default=True, help="Trainings of each.")
@click.option("--runs", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--at-once", default=1, show_default=True, help="Trainings side by side.")
def main(names: tuple[str, ...], seeds: int, runs: Path, at_once: int) -> None:
    """Train the best presets and measure their int8 files on the full test set."""
    runs.mkdir(parents=True, exist_ok=True)
    threads = None if at_once == 1 else 1
    for name in names or HOLD:
        with ThreadPoolExecutor(at_once) as pool:
            told(pool.map(lambda seed: one(name, seed, runs, threads), range(seeds)))  # noqa: B023


if __name__ == "__main__":
    main()
