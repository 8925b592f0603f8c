"""From the words of a command to a job: which recipe, on which images, into which folder.

Imports no TensorFlow, so that a wrong word is told at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from litescore.errors import ConfigurationError, MissingDependency, UsageError
from litescore.settings import Settings
from litescore.view import UNCHANGED, WHOLE, View, ViewChanges
from trainer import catalog, presets
from trainer.catalog import Found, Places
from trainer.presets import Recipe

RUNS = Path("runs")


@dataclass(frozen=True)
class Request:
    """The options of `litescore train`; None where one is not given."""

    preset: str | None = None
    model: str | None = None
    data: Path | None = None
    out: Path | None = None
    epochs: int | None = None
    batch: int | None = None
    patience: int | None = None
    seed: int = 0
    color: str | None = None
    size: int | None = None
    view: ViewChanges = UNCHANGED
    keras_home: Path = Path("~/.keras")


@dataclass(frozen=True)
class Job:
    """What to train on what. `color` and `size` (pixels a side) are None for the images' own; `view`
    is what the model sees of each.
    """

    recipe: Recipe
    data: Found
    out: Path
    seed: int = 0
    color: str | None = None
    size: int | None = None
    view: View = WHOLE


def plan(request: Request, say: Callable[[str], None] = lambda _: None) -> Job:
    """The job that was asked for. `say` is told before a data set is downloaded.

    Raises UsageError for words that do not go together, DataError where a preset's data set is
    found nowhere, ConfigurationError for an `out` that cannot be made or a missing TensorFlow: now,
    not after training.
    """
    recipe = _changed(_choose(request), request)
    if find_spec("tensorflow") is None:
        raise MissingDependency("tensorflow", extra="train")
    found = _find_data(recipe, request, say)
    out = request.out or RUNS / (recipe.name if request.preset else found.path.stem)
    _make(out)
    view = request.view.apply()
    return Job(recipe, found, out, request.seed, request.color, request.size, view)


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the folder {out}: {error.strerror}; name another with --out"
        ) from error


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
            "images with --data FOLDER --model mlp or cnn"
        )
    return presets.find_model(request.model or "cnn")


def _changed(recipe: Recipe, request: Request) -> Recipe:
    return replace(
        recipe,
        epochs=request.epochs or recipe.epochs,
        batch=request.batch or recipe.batch,
        patience=request.patience or recipe.patience,
    )


def _find_data(recipe: Recipe, request: Request, say: Callable[[str], None]) -> Found:
    if request.data is not None or recipe.dataset is None:
        path = Path(request.data or ".").resolve()
        return Found(path, f"{path.name}, named by --data")
    places = Places(Settings.read().data, request.keras_home.expanduser())
    return catalog.find(recipe.dataset, places, say)
