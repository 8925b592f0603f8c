"""How long training takes: the tutorials' own code against `trainer.fit`, in one process.

Both see the same 60,000 images for the same epochs at the same batch size; neither looks at
validation images meanwhile. Ours includes its compilation. The tutorials' progress bar is off,
which is to their favour.

    LITESCORE_DATA=datasets python benchmarks/training_time.py --seeds 2
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from litescore import dataset
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.settings import Settings
from trainer import models, presets
from trainer.backend import keras
from trainer.catalog import Places, find
from trainer.fit import Predictor, fit, measure
from trainer.presets import Recipe
from trainer.splits import Examples

HOLD = 0.3


@dataclass(frozen=True)
class Timed:
    """Seconds of the training call, and the test accuracy (0..1) it reached."""

    seconds: float
    accuracy: float


def quickstart() -> Any:
    """https://www.tensorflow.org/tutorials/quickstart/beginner"""
    model = keras.models.Sequential(
        [
            keras.layers.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


def basic() -> Any:
    """https://www.tensorflow.org/tutorials/keras/classification, as it was with a softmax."""
    model = keras.Sequential(
        [
            keras.layers.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


TUTORIALS: dict[str, Callable[[], Any]] = {"mnist-quickstart": quickstart, "fashion-basic": basic}


def time_tutorial(make: Callable[[], Any], data: dict[str, Dataset], epochs: int) -> Timed:
    """The tutorial's own `model.fit` on floats 0..1."""
    train, test = data["train"], data["test"]
    model = make()
    pixels = np.asarray(train.images) / 255.0
    started = time.perf_counter()
    model.fit(pixels, train.classes, epochs=epochs, verbose=0)
    seconds = time.perf_counter() - started
    _, accuracy = model.evaluate(np.asarray(test.images) / 255.0, test.classes, verbose=0)
    return Timed(seconds, accuracy)


def time_ours(recipe: Recipe, data: dict[str, Dataset], epochs: int, seed: int) -> Timed:
    """The preset through `trainer.fit`."""
    contract = Contract(data["train"].labels, "gray", 28, 28)
    examples = {
        split: Examples(part.tensors(contract), part.classes) for split, part in data.items()
    }
    logits = recipe.architecture.logits
    model = models.build(recipe.architecture, contract)
    fitted = fit(
        model, examples["train"], logits=logits, epochs=epochs, batch=recipe.batch, seed=seed
    )
    test = examples["test"]
    _, accuracy = measure(Predictor(model, logits=logits)(test.tensors), test.classes)
    return Timed(fitted.seconds, accuracy)


@click.command()
@click.option("--preset", "names", multiple=True, default=tuple(TUTORIALS), show_default=True)
@click.option("--seeds", default=2, show_default=True, help="Trainings each.")
@click.option("--epochs", default=5, show_default=True)
def main(names: tuple[str, ...], seeds: int, epochs: int) -> None:
    """Print a line for each preset and seed, and the ratio of all the time."""
    print("| preset | seed | tutorial, s | ours, s | ratio | tutorial, test | ours, test |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        recipe = presets.find(name)
        places = Places(Settings.read().data, Path("~/.keras").expanduser())
        path = find(recipe.dataset or "", places).path
        data = {split: dataset.load(path, split) for split in ("train", "test")}
        totals = np.zeros(4)
        for seed in range(seeds):
            keras.utils.set_random_seed(seed)
            theirs = time_tutorial(TUTORIALS[name], data, epochs)
            keras.utils.set_random_seed(seed)
            ours = time_ours(recipe, data, epochs, seed)
            figures = (theirs.seconds, ours.seconds, theirs.accuracy, ours.accuracy)
            totals += figures
            _print(name, str(seed), figures)
        _print(name, "all", tuple(totals / seeds))
        verdict = "held" if totals[1] <= HOLD * totals[0] else "NOT held"
        print(f"\n{name}: {totals[1] / totals[0]:.3f} of the tutorial's time; {HOLD} {verdict}\n")


def _print(name: str, seed: str, figures: tuple[float, ...]) -> None:
    theirs, ours, *accuracies = figures
    shares = " | ".join(f"{100 * accuracy:.2f} %" for accuracy in accuracies)
    print(f"| {name} | {seed} | {theirs:.1f} | {ours:.1f} | {ours / theirs:.3f} | {shares} |")


if __name__ == "__main__":
    main()
