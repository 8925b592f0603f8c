"""What can be trained: the five tutorials that litescore grew from, and two plain recipes.

Plain values. Knows nothing of TensorFlow, files or the command line.
"""

from __future__ import annotations

from dataclasses import dataclass

from litescore.errors import UsageError

# 5,000 of 60,000 images, as Keras' own MNIST examples set aside.
_TWELFTH = 1 / 12


@dataclass(frozen=True)
class Architecture:
    """The layers between the pixels and the classes.

    kind     `mlp` (Flatten and Dense layers) or `cnn` (convolutions, sized by the image)
    hidden   units of each hidden Dense layer of an mlp
    dropout  share of activations dropped before the last layer while training
    logits   the last layer gives logits while training; a Softmax is attached afterwards
    """

    kind: str
    hidden: tuple[int, ...] = ()
    dropout: float = 0.0
    logits: bool = False

    def describe(self, classes: int) -> str:
        """The layers in words, for people."""
        layers = ["Convolutions"] if self.kind == "cnn" else ["Flatten"]
        layers += [f"Dense {units} relu" for units in self.hidden]
        layers += [f"Dropout {self.dropout:g}"] if self.dropout else []
        ends = "logits" if self.logits else "softmax"
        return ", ".join([*layers, f"Dense {classes} {ends}"])


@dataclass(frozen=True)
class Tutorial:
    """What a tutorial prints at its end, or its text says: `accuracy` (0..1) on its `split`
    (`train` or `test`), and the same in its own words.
    """

    accuracy: float
    split: str
    figure: str


@dataclass(frozen=True)
class Recipe:
    """How to train.

    validation  share of the training images set aside to watch the training; none are taken where
                the data set has a validation part of its own
    patience    stop after so many epochs without a lower validation loss; None trains them all
    dataset     the public data set a preset is about; None for people's own folders
    """

    name: str
    architecture: Architecture
    epochs: int
    batch: int = 32
    validation: float = _TWELFTH
    patience: int | None = None
    dataset: str | None = None
    tutorial: Tutorial | None = None


PRESETS = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "mnist-quickstart",
            Architecture("mlp", (128,), dropout=0.2, logits=True),
            epochs=5,
            dataset="mnist",
            tutorial=Tutorial(0.98, "test", "about 98 %"),
        ),
        Recipe(
            "fashion-basic",
            Architecture("mlp", (128,)),
            epochs=5,
            dataset="fashion-mnist",
            tutorial=Tutorial(0.88, "train", "about 88 %"),
        ),
        Recipe(
            "fashion-devclub",
            Architecture("mlp", (128,)),
            epochs=5,
            dataset="fashion-mnist",
            tutorial=Tutorial(0.85, "test", "about 85 %"),
        ),
        Recipe(
            "fashion-logits",
            Architecture("mlp", (128,), logits=True),
            epochs=10,
            dataset="fashion-mnist",
            tutorial=Tutorial(0.8807, "test", "88.07 %"),
        ),
        Recipe(
            "mnist-early-stop",
            Architecture("mlp", (50, 50)),
            epochs=50,
            batch=100,
            validation=0.1,
            patience=3,
            dataset="mnist",
            tutorial=Tutorial(0.97, "test", "nearly 97 %"),
        ),
    )
}

MODELS = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "mlp",
            Architecture("mlp", (128,), dropout=0.2),
            epochs=20,
            validation=0.1,
            patience=5,
        ),
        Recipe("cnn", Architecture("cnn", dropout=0.2), epochs=20, validation=0.1, patience=5),
    )
}


def find(name: str) -> Recipe:
    """The preset of this name. Raises UsageError listing all presets."""
    return _find(name, "preset", PRESETS)


def find_model(name: str) -> Recipe:
    """The plain recipe `mlp` or `cnn`. Raises UsageError listing both."""
    return _find(name, "model", MODELS)


def _find(name: str, kind: str, table: dict[str, Recipe]) -> Recipe:
    if name not in table:
        raise UsageError(f"unknown {kind} {name!r}: one of {', '.join(table)}")
    return table[name]
