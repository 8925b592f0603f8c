"""The one command that does the same training again. Plain words; loads no TensorFlow."""

from __future__ import annotations

import shlex

from litescore.view_options import view_words
from trainer import presets
from trainer.plan import Job
from trainer.presets import BACKBONES, Recipe


def command(job: Job) -> str:
    """`litescore train ...` with all that this job does not share with its recipe."""
    recipe = job.recipe
    words = ["--preset" if recipe.dataset else "--model", recipe.name, "--data", job.data.place]
    words += ["--epochs", str(recipe.epochs), "--batch", str(recipe.batch)]
    words += ["--patience", str(recipe.patience)] if recipe.patience else []
    words += _changes(recipe)
    words += ["--color", job.color] if job.color else []
    words += ["--size", str(job.size)] if job.size else []
    words += ["--cache", str(job.cache)] if job.cache else []
    words += view_words(job.view)
    return shlex.join(
        ["litescore", "train", *words, "--seed", str(job.seed), "--out", str(job.out)]
    )


def _changes(recipe: Recipe) -> list[str]:
    """Options that differ from the recipe of this name."""
    known = (presets.find if recipe.dataset else presets.find_model)(recipe.name)
    words: list[str] = []
    if recipe.augment is not None and recipe.augment != known.augment:
        words += ["--augment", ",".join(recipe.augment) or "none"]
    if recipe.optimization.rate != known.optimization.rate:
        words += ["--rate", str(recipe.optimization.rate)]
    if recipe.optimization.balanced:
        words += ["--balanced"]
    if recipe.architecture.kind in BACKBONES:
        words += ["--weights", recipe.architecture.weights]
    return words
