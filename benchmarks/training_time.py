"""How long training takes: the tutorials' own code against `litescore train`'s, by turns in one run.

Both see the same images for as many epochs at the same batch size. The four presets that do not
stop by themselves set no validation images aside here, as their tutorials do not; mnist-early-stop
does, on either side, so its total hangs on where each stops and the time of one epoch is told too.
Each training has a fresh process, whose start does not count; the compilation of ours does. The
tutorials' progress bar is off, which is to their favour. Which of the two goes first alternates.

    LITESCORE_DATA=datasets python -m benchmarks.training_time
    LITESCORE_DATA=datasets python -m benchmarks.training_time --preset fashion-basic --seeds 1
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks import holds
from litescore import dataset
from litescore.dataset import Dataset
from litescore.settings import Settings
from trainer import presets
from trainer.fitting.history import Unwatched
from trainer.images import splits
from trainer.images.catalog import Found, Places, find
from trainer.plan import Job
from trainer.presets import Recipe

HOLD = holds.TRAINING.most or 0

# As the tutorial of early stopping shuffles.
_BUFFER = 10_000

_COLUMNS = ("preset", "seed", "epochs", "tutorial, s", "ours, s", "ratio", "ratio an epoch",
            "tutorial, test", "ours, test")  # fmt: skip
_SUMMARY = ("preset", "seeds", "tutorial, s", "ours, s", "ratio (each seed's)", "ratio an epoch",
            "tutorial, test", "ours, test", f"at most {HOLD}")  # fmt: skip


@dataclass(frozen=True)
class Timed:
    """Seconds of the training call, the epochs it took, and the test accuracy (0..1) it reached."""

    seconds: float
    epochs: int
    accuracy: float

    @property
    def epoch(self) -> float:
        """Seconds an epoch."""
        return self.seconds / self.epochs


@dataclass(frozen=True)
class Pair:
    """A preset trained both ways with one seed."""

    preset: str
    seed: int
    theirs: Timed
    ours: Timed

    @property
    def ratio(self) -> float:
        """Our time as a share of theirs."""
        return self.ours.seconds / self.theirs.seconds

    @property
    def epoch_ratio(self) -> float:
        """The same for one epoch."""
        return self.ours.epoch / self.theirs.epoch


def quickstart(keras: Any) -> Any:
    """https://www.tensorflow.org/tutorials/quickstart/beginner"""
    layers = [*_first(keras, 128), keras.layers.Dropout(0.2), keras.layers.Dense(10)]
    return _compiled(keras, layers, "adam", logits=True)


def basic(keras: Any) -> Any:
    """https://www.tensorflow.org/tutorials/keras/classification, as it was with a softmax."""
    layers = [*_first(keras, 128), keras.layers.Dense(10, activation="softmax")]
    return _compiled(keras, layers, "adam", logits=False)


def devclub(keras: Any) -> Any:
    """The same with the optimizer as an object."""
    layers = [*_first(keras, 128), keras.layers.Dense(10, activation="softmax")]
    return _compiled(keras, layers, keras.optimizers.Adam(), logits=False)


def logits(keras: Any) -> Any:
    """https://www.tensorflow.org/tutorials/keras/classification, as it is now."""
    layers = [*_first(keras, 128), keras.layers.Dense(10)]
    return _compiled(keras, layers, "adam", logits=True)


def early_stop(keras: Any) -> Any:
    """Two hidden layers of 50, as the courses have it that stop by the validation loss."""
    second = keras.layers.Dense(50, activation="relu")
    layers = [*_first(keras, 50), second, keras.layers.Dense(10, activation="softmax")]
    return _compiled(keras, layers, "adam", logits=False)


TUTORIALS: dict[str, Callable[[Any], Any]] = {
    "mnist-quickstart": quickstart,
    "fashion-basic": basic,
    "fashion-devclub": devclub,
    "fashion-logits": logits,
    "mnist-early-stop": early_stop,
}


def _first(keras: Any, units: int) -> list[Any]:
    return [
        keras.layers.Input((28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(units, activation="relu"),
    ]


def _compiled(keras: Any, layers: list[Any], optimizer: Any, *, logits: bool) -> Any:
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    return model


def time_tutorial(recipe: Recipe, path: str, seed: int) -> Timed:
    """The tutorial's own `model.fit`, on floats 0..1."""
    from trainer.backend import keras

    source, test = dataset.load(path, "train"), dataset.load(path, "test")
    keras.utils.set_random_seed(seed)
    model = TUTORIALS[recipe.name](keras)
    fit = _fit_stopping if recipe.patience else _fit_all
    started, history = fit(model, source, recipe, seed)
    seconds = time.perf_counter() - started
    pixels = np.asarray(test.images) / 255.0
    _, accuracy = model.evaluate(pixels, test.classes, verbose=0)
    return Timed(seconds, len(history.epoch), accuracy)


def _fit_all(model: Any, source: Dataset, recipe: Recipe, _seed: int) -> tuple[float, Any]:
    pixels = np.asarray(source.images) / 255.0
    started = time.perf_counter()
    return started, model.fit(pixels, source.classes, epochs=recipe.epochs, verbose=0)


def _fit_stopping(model: Any, source: Dataset, recipe: Recipe, seed: int) -> tuple[float, Any]:
    """A pipeline of tf.data: scaled, shuffled with a buffer, batched; part of it set aside."""
    from trainer.backend import keras, tf

    def scaled(data: Dataset) -> Any:
        pairs = (np.asarray(data.images), data.classes)
        return tf.data.Dataset.from_tensor_slices(pairs).map(
            lambda image, label: (tf.cast(image, tf.float32) / 255.0, label)
        )

    learn, watch = dataset.split_off(source, recipe.validation, seed=seed)
    started = time.perf_counter()
    images = scaled(learn).shuffle(_BUFFER, seed=seed).batch(recipe.batch)
    watched = scaled(watch).batch(len(watch))
    stop = keras.callbacks.EarlyStopping(patience=recipe.patience, restore_best_weights=True)
    return started, model.fit(
        images,
        epochs=recipe.epochs,
        validation_data=watched,
        callbacks=[stop],
        verbose=0,
    )


def time_ours(recipe: Recipe, path: str, seed: int) -> Timed:
    """The preset as `litescore train` trains it."""
    from trainer import run

    parts = splits.load(path, recipe.validation, seed=seed)
    job = Job(recipe, Found(path, "named by the benchmark"), Path("unwritten"), seed)
    trained = run.train(job, parts, Unwatched())
    return Timed(trained.fitted.seconds, len(trained.fitted.epochs), trained.test.accuracy)


def both(recipe: Recipe, path: str, seed: int) -> Pair:
    """The tutorial and ours, one after the other."""
    order = (time_tutorial, time_ours) if seed % 2 == 0 else (time_ours, time_tutorial)
    found = {timed: alone(timed, recipe, path, seed) for timed in order}
    return Pair(recipe.name, seed, found[time_tutorial], found[time_ours])


def alone(timed: Callable[..., Timed], *words: Any) -> Timed:
    """What a function answers in a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(timed, *words).result()


@click.command()
@click.option("--preset", "names", multiple=True, type=click.Choice(list(TUTORIALS)),
              default=tuple(TUTORIALS), help="One of them; may be repeated. [all five]")  # fmt: skip
@click.option(
    "--seeds", type=click.IntRange(1), default=3, show_default=True, help="Trainings each."
)
@click.option("--epochs", type=click.IntRange(1), help="Fewer than the preset's own.")
def main(names: tuple[str, ...], seeds: int, epochs: int | None) -> None:
    """Print a line for each preset and seed as they are done, then one for each preset."""
    print(f"{_row(_COLUMNS)}\n{_row(['---'] * len(_COLUMNS))}")
    pairs = []
    for seed in range(seeds):
        for name in names:
            pairs.append(both(*planned(name, epochs), seed))
            print(_row(_told(pairs[-1])), flush=True)
    print(f"\n{_row(_SUMMARY)}\n{_row(['---'] * len(_SUMMARY))}")
    for name in names:
        print(_row(_summed([pair for pair in pairs if pair.preset == name])))


def planned(name: str, epochs: int | None) -> tuple[Recipe, str]:
    """What is trained, and where its data set lies; `epochs` instead of the preset's."""
    recipe = presets.find(name)
    places = Places(Settings.read().data, Path("~/.keras").expanduser())
    # Tutorials that do not stop by themselves learn from all of the training images.
    share = recipe.validation if recipe.patience else 0.0
    recipe = replace(recipe, epochs=epochs or recipe.epochs, validation=share)
    return recipe, find(recipe.dataset or "", places).place


def _told(pair: Pair) -> list[str]:
    theirs, ours = pair.theirs, pair.ours
    epochs = str(ours.epochs) if ours.epochs == theirs.epochs else f"{theirs.epochs}, {ours.epochs}"
    seconds = [f"{one.seconds:.1f}" for one in (theirs, ours)]
    ratios = [f"{pair.ratio:.3f}", f"{pair.epoch_ratio:.3f}"]
    shares = [f"{100 * one.accuracy:.2f} %" for one in (theirs, ours)]
    return [pair.preset, str(pair.seed), epochs, *seconds, *ratios, *shares]


def _summed(pairs: list[Pair]) -> list[str]:
    """Means over the seeds; the ratio is that of all the time."""
    theirs, ours = [pair.theirs for pair in pairs], [pair.ours for pair in pairs]
    totals = [sum(one.seconds for one in side) for side in (theirs, ours)]
    ratio = totals[1] / totals[0]
    each = [pair.ratio for pair in pairs]
    epoch = sum(pair.ours.epoch for pair in pairs) / sum(pair.theirs.epoch for pair in pairs)
    seconds = [f"{total / len(pairs):.1f}" for total in totals]
    ranged = f"{ratio:.3f} ({min(each):.3f} to {max(each):.3f})"
    shares = [_spread([one.accuracy for one in side]) for side in (theirs, ours)]
    held = "held" if ratio <= HOLD else "NOT held"
    return [pairs[0].preset, str(len(pairs)), *seconds, ranged, f"{epoch:.3f}", *shares, held]


def _spread(accuracies: list[float]) -> str:
    """Mean, lowest and highest."""
    low, mean, high = (100 * f(accuracies) for f in (min, np.mean, max))
    return f"{mean:.2f} % ({low:.2f} to {high:.2f})"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
