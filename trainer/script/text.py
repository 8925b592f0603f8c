"""The script of a preset: its parts one under the other."""

from __future__ import annotations

from litescore.errors import UsageError
from trainer.images.catalog import TITLES
from trainer.presets import BACKBONES, Recipe
from trainer.script import data, fitting, network

_IMPORTS = """import gzip
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf"""


def write(recipe: Recipe, *, seed: int = 0) -> str:
    """A Python program that needs Keras with TensorFlow, and nothing of litescore.

    Raises UsageError for what is no preset, and for what no few lines of Keras say.
    """
    _check(recipe)
    head = "\n\n".join([_head(recipe), _IMPORTS, _constants(recipe, seed)])
    parts = [
        head,
        *data.functions(recipe),
        *network.functions(recipe.architecture),
        *fitting.definitions(recipe),
        _main(recipe),
        'if __name__ == "__main__":\n    main()',
    ]
    return "\n\n\n".join(parts) + "\n"


def _check(recipe: Recipe) -> None:
    if recipe.dataset is None:
        raise UsageError("--show-code is for a --preset, whose data set Keras has: name one")
    kind = recipe.architecture.kind
    if kind in BACKBONES or kind not in network.BODIES:
        raise UsageError(f"--show-code has no words for the model {kind}")


def _head(recipe: Recipe) -> str:
    title = TITLES[recipe.dataset or ""]
    layers = recipe.architecture.describe(data.CLASSES)
    return f'''"""{recipe.name} in plain Keras: {layers}.

Printed by `litescore train --preset {recipe.name} --show-code`. Needs tensorflow alone.

    python script.py           Keras downloads {title}
    python script.py FOLDER    reads its four IDX files (.gz) from FOLDER
"""'''


def _constants(recipe: Recipe, seed: int) -> str:
    lines = [f"SEED = {seed}", f"EPOCHS = {recipe.epochs}", f"BATCH = {recipe.batch}"]
    return "\n".join([*lines, data.labels(recipe.dataset or "")])


def _main(recipe: Recipe) -> str:
    body = "\n\n".join(
        [
            "keras.utils.set_random_seed(SEED)",
            data.loading(recipe),
            fitting.building(recipe),
            fitting.untrained(recipe),
            fitting.training(recipe),
            fitting.judging(recipe),
            _predictions(recipe),
        ]
    )
    indented = "\n".join(f"    {line}" if line else "" for line in body.splitlines())
    return f"def main():\n{indented}"


def _predictions(recipe: Recipe) -> str:
    logits = recipe.architecture.logits
    lines = [
        "# The model gives logits; a Softmax behind it makes probabilities of them.",
        "probable = keras.Sequential([model, keras.layers.Softmax()])",
    ]
    return "\n".join(
        [
            *(lines if logits else []),
            f"answers = {'probable' if logits else 'model'}.predict(x_test[:5], verbose=0)",
            "for row, truth in zip(answers, y_test[:5], strict=True):",
            "    guess = row.argmax()",
            '    print(f"{LABELS[guess]} {100 * row[guess]:.0f} %, is {LABELS[truth]}")',
        ]
    )
