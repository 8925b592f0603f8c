"""How accurate the script of `--show-code` is beside `litescore train`: the same preset, seed by seed.

Both are commands as a user types them, on the whole data set.

    LITESCORE_DATA=datasets python -m benchmarks.scripts --preset fashion-basic --seeds 3
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from litescore.settings import Settings
from trainer import presets
from trainer.images.catalog import Places, find
from trainer.script import text

TUTORIALS = [name for name, recipe in presets.PRESETS.items() if recipe.tutorial]


def by_litescore(name: str, seed: int, folder: Path) -> float:
    """The test accuracy (0..1) of `litescore train`."""
    words = ["train", "--preset", name, "--seed", str(seed), "--json", "--out", str(folder)]
    facts = json.loads(_said([sys.executable, "-m", "litescore", *words]))
    return float(facts["test_accuracy"])


def by_script(name: str, seed: int, folder: Path) -> float:
    """The test accuracy (0..1) that the printed script prints."""
    recipe = presets.find(name)
    places = Places(Settings.read().data, Path("~/.keras").expanduser())
    script = folder / "script.py"
    script.write_text(text.write(recipe, seed=seed))
    said = _said([sys.executable, str(script), find(recipe.dataset or "", places).place])
    (accuracy,) = re.findall(r"^test accuracy (\S+) %$", said, re.MULTILINE)
    return float(accuracy) / 100


@click.command()
@click.option("--preset", "names", multiple=True, type=click.Choice(list(presets.PRESETS)),
              default=TUTORIALS, help="May be repeated. [the five tutorials]")  # fmt: skip
@click.option(
    "--seeds", type=click.IntRange(1), default=3, show_default=True, help="Trainings each."
)
def main(names: Sequence[str], seeds: int) -> None:
    """Print a line for each preset: test accuracy, mean, lowest and highest of the seeds."""
    print("| preset | seeds | litescore, test | script, test | apart |\n|---|---|---|---|---|")
    for name in names:
        found: list[list[float]] = [[], []]
        for seed in range(seeds):
            for held, way in zip(found, (by_litescore, by_script), strict=True):
                with tempfile.TemporaryDirectory() as folder:
                    held.append(way(name, seed, Path(folder)))
        apart = 100 * (np.mean(found[1]) - np.mean(found[0]))
        shown = " | ".join(map(_spread, found))
        print(f"| {name} | {seeds} | {shown} | {apart:+.2f} |", flush=True)


def _said(command: list[str]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


def _spread(accuracies: list[float]) -> str:
    low, mean, high = (100 * f(accuracies) for f in (min, np.mean, max))
    return f"{mean:.2f} % ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
