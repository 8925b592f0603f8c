"""From the words of a command to a job: which recipe, on which images, into which folder.

Imports no TensorFlow, so that a wrong word is told at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from litescore.dataset import name_of
from litescore.errors import ConfigurationError, MissingDependency, UsageError
from litescore.settings import Settings
from litescore.store import local_path
from litescore.store.s3 import is_s3
from litescore.view import UNCHANGED, WHOLE, View, ViewChanges
from trainer import augmentation, keras_home, presets
from trainer.fitting.checkpoints import FOLDER, unfinished
from trainer.images import catalog
from trainer.images.catalog import Found, Places
from trainer.models import limits
from trainer.presets import BACKBONES, Architecture, Optimization, Recipe

RUNS = Path("runs")


@dataclass(frozen=True)
class Request:
    """The options of `litescore train`; None where one is not given."""

    preset: str | None = None
    model: str | None = None
    weights: str | None = None
    data: str | None = None
    out: Path | None = None
    epochs: int | None = None
    batch: int | None = None
    patience: int | None = None
    rate: float | None = None
    augment: str | None = None
    balanced: bool = False
    seed: int = 0
    color: str | None = None
    size: int | None = None
    cache: Path | None = None
    resume: bool = False
    view: ViewChanges = UNCHANGED
    keras_home: Path | None = None


@dataclass(frozen=True)
class Job:
    """What to train on what. `color` and `size` (pixels a side) are None for the images' own; `view`
    is what the model sees of each; `cache` holds decoded images, None for the user's own cache;
    `resume` goes on from the checkpoint in `out`; `keras_home` holds ImageNet's weights, None for
    Keras' own place.
    """

    recipe: Recipe
    data: Found
    out: Path
    seed: int = 0
    color: str | None = None
    size: int | None = None
    view: View = WHOLE
    cache: Path | None = None
    resume: bool = False
    keras_home: Path | None = None


def plan(request: Request, say: Callable[[str], None] = lambda _: None) -> Job:
    """The job that was asked for. `say` is told before a data set is downloaded.

    Raises UsageError for words that do not go together, DataError where a preset's data set is
    found nowhere, ConfigurationError for an `out` that cannot be made or a missing TensorFlow: now,
    not after training.
    """
    recipe = recipe_of(request)
    if find_spec("tensorflow") is None:
        raise MissingDependency("tensorflow", extra="train")
    found = _find_data(recipe, request, say)
    out = request.out or RUNS / (recipe.name if request.preset else name_of(found.place))
    _make(out)
    _check_unfinished(out, resume=request.resume)
    if (out / "run.json").exists():
        say(f"{out} holds a finished training: this one takes its place")
    view = request.view.apply()
    return Job(
        recipe,
        found,
        out,
        request.seed,
        request.color,
        request.size,
        view,
        request.cache,
        request.resume,
        keras_home.folder(request.keras_home),
    )


def recipe_of(request: Request) -> Recipe:
    """How to train, as the request says. Raises UsageError for words that do not go together."""
    return _changed(_choose(request), request)


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the folder {out}: {error.strerror}; name another with --out"
        ) from error


def _check_unfinished(out: Path, *, resume: bool) -> None:
    if unfinished(out) and not resume:
        raise UsageError(
            f"{out} holds a training that was stopped: go on with --resume and the same words, name "
            f"another --out, or remove {out / FOLDER}"
        )
    if resume and not unfinished(out):
        ended = (
            "the training there is finished" if (out / "run.json").exists() else "none was saved"
        )
        raise UsageError(f"nothing in {out} to go on from ({ended}): leave --resume out")


def _choose(request: Request) -> Recipe:
    if request.preset and request.model:
        raise UsageError(
            f"--preset {request.preset} has its own model: leave --model {request.model} out"
        )
    if request.preset:
        return presets.find(request.preset)
    if request.data is None:
        raise UsageError(
            f"nothing to train: name a --preset ({', '.join(presets.PRESETS)}), or your own "
            f"images with --data FOLDER --model {' or '.join(presets.KINDS)}"
        )
    return presets.find_model(request.model or "cnn")


def _changed(recipe: Recipe, request: Request) -> Recipe:
    if request.rate is not None and not math.isfinite(request.rate):
        raise UsageError(f"--rate {request.rate} is no number to multiply with: give one as 0.001")
    architecture = _weighted(recipe.architecture, request.weights)
    limits.check(architecture, request.size)
    optimization = replace(
        _for_weights(recipe.optimization, architecture),
        rate=request.rate or recipe.optimization.rate,
        balanced=request.balanced or recipe.optimization.balanced,
    )
    return replace(
        recipe,
        architecture=architecture,
        epochs=request.epochs or recipe.epochs,
        batch=request.batch or recipe.batch,
        patience=request.patience or recipe.patience,
        augment=recipe.augment if request.augment is None else _names(request.augment),
        optimization=optimization,
    )


def _weighted(architecture: Architecture, weights: str | None) -> Architecture:
    if weights is None:
        return architecture
    if architecture.kind not in BACKBONES:
        raise UsageError(
            f"--weights {weights} goes with --model {', '.join(BACKBONES)}, not {architecture.kind}"
        )
    return replace(architecture, weights=weights)


def _for_weights(optimization: Optimization, architecture: Architecture) -> Optimization:
    """A backbone that knows nothing has nothing to keep: all of it learns from the beginning."""
    if architecture.kind in BACKBONES and architecture.weights == "none":
        return replace(optimization, frozen=0, fine=1.0)
    return optimization


def _names(augment: str) -> tuple[str, ...]:
    if augment == "none":
        return ()
    names = tuple(word.strip() for word in augment.split(","))
    augmentation.parse(names)
    return names


def _find_data(recipe: Recipe, request: Request, say: Callable[[str], None]) -> Found:
    if request.data is not None or recipe.dataset is None:
        place = str(request.data or ".")
        place = place if is_s3(place) else str(local_path(place).resolve())
        return Found(place, f"{name_of(place)}, named by --data")
    places = Places(Settings.read().data, keras_home.folder(request.keras_home))
    return catalog.find(recipe.dataset, places, say)
