"""How long training takes: the tutorials' own code against `trainer.fitting.fit`, by turns in one run.

Both see the same 60,000 images for the same epochs at the same batch size; neither looks at
validation images meanwhile. Each training has a fresh process, whose start does not count; the
compilation of ours does. The tutorials' progress bar is off, which is to their favour.

    LITESCORE_DATA=datasets python benchmarks/training_time.py --seeds 2
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from litescore import dataset
from litescore.settings import Settings
from trainer import presets
from trainer.fitting.history import Unwatched
from trainer.images import splits
from trainer.images.catalog import Found, Places, find
from trainer.plan import Job

HOLD = 0.3


@dataclass(frozen=True)
class Timed:
    """Seconds of the training call, and the test accuracy (0..1) it reached."""

    seconds: float
    accuracy: float


def quickstart() -> Any:
    """https://www.tensorflow.org/tutorials/quickstart/beginner"""
    from trainer.backend import keras

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
    from trainer.backend import keras

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


def time_tutorial(name: str, path: Path, epochs: int, seed: int) -> Timed:
    """The tutorial's own `model.fit` on floats 0..1."""
    from trainer.backend import keras

    train, test = dataset.load(path, "train"), dataset.load(path, "test")
    keras.utils.set_random_seed(seed)
    model = TUTORIALS[name]()
    pixels = np.asarray(train.images) / 255.0
    started = time.perf_counter()
    model.fit(pixels, train.classes, epochs=epochs, verbose=0)
    seconds = time.perf_counter() - started
    _, accuracy = model.evaluate(np.asarray(test.images) / 255.0, test.classes, verbose=0)
    return Timed(seconds, accuracy)


def time_ours(name: str, path: Path, epochs: int, seed: int) -> Timed:
    """The preset as `litescore train` trains it, but for the validation images."""
    from trainer import run

    recipe = replace(presets.find(name), epochs=epochs, validation=0.0)
    parts = splits.load(path, recipe.validation, seed=seed)
    job = Job(recipe, Found(str(path), "named by the benchmark"), Path("unwritten"), seed)
    trained = run.train(job, parts, Unwatched())
    return Timed(trained.fitted.seconds, trained.test.accuracy)


def alone(timed: Callable[..., Timed], *words: Any) -> Timed:
    """What a function answers in a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(timed, *words).result()


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
        path = Path(find(recipe.dataset or "", places).place)
        totals = np.zeros(4)
        for seed in range(seeds):
            theirs = alone(time_tutorial, name, path, epochs, seed)
            ours = alone(time_ours, name, path, epochs, seed)
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
