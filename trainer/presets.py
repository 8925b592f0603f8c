"""What can be trained: the five tutorials that litescore grew from, the two presets that beat them,
and the recipes for people's own pictures.

Plain values. Knows nothing of TensorFlow, files or the command line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from litescore.errors import UsageError

BACKBONES = ("mobilenet-v2", "mobilenet-v3-small", "efficientnet-b0")
KINDS = ("mlp", "cnn", *BACKBONES)

_TITLES = {
    "cnn": "Residual convolutions",
    "mobilenet-v2": "MobileNetV2",
    "mobilenet-v3-small": "MobileNetV3-Small",
    "efficientnet-b0": "EfficientNetB0",
}

# 5,000 of 60,000 images, as Keras' own MNIST examples set aside.
_TWELFTH = 1 / 12


@dataclass(frozen=True)
class Architecture:
    """The layers between the pixels and the classes.

    kind      one of KINDS, or `module:function` for a model of one's own
    hidden    units of each hidden Dense layer of an mlp
    channels  of a cnn: of its first convolution and of each stage behind it; () lets the image's
              size say
    dropout   share of activations dropped before the last layer while training
    logits    the last layer gives logits while training; a Softmax is attached afterwards
    weights   of a backbone (BACKBONES): `imagenet`, `none`, or the path of a weights file
    """

    kind: str
    hidden: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    dropout: float = 0.0
    logits: bool = False
    weights: str = "none"

    def describe(self, classes: int) -> str:
        """The layers in words, for people."""
        layers = ["Flatten"] if self.kind == "mlp" else [_TITLES.get(self.kind, self.kind)]
        layers += [f"Dense {units} relu" for units in self.hidden]
        layers += [f"Dropout {self.dropout:g}"] if self.dropout else []
        ends = "logits" if self.logits else "softmax"
        return ", ".join([*layers, f"Dense {classes} {ends}"])


@dataclass(frozen=True)
class Optimization:
    """How the weights move. The defaults are Keras' Adam, as the tutorials have it.

    optimizer   `adam`, `adamw` or `sgd` (Nesterov momentum 0.9)
    rate        the learning rate, the highest one of a schedule
    schedule    `constant`, or `cosine`: from nothing to `rate` in the share `warmup` of all steps,
                then along a half cosine to nothing
    decay       weight decay of kernels, 0 for none
    smoothing   label smoothing 0..1
    average     decay a step of the moving average of weights that is kept in the end; 0 for none
    balanced    a class counts as much as another however few its images
    mixed       a cnn's convolutions are computed in bfloat16 where the processor does that itself
    frozen      epochs in which a backbone's own weights stay as they are
    fine        factor on the rate after those
    """

    optimizer: str = "adam"
    rate: float = 1e-3
    schedule: str = "constant"
    warmup: float = 0.0
    decay: float = 0.0
    smoothing: float = 0.0
    average: float = 0.0
    balanced: bool = False
    mixed: bool = False
    frozen: int = 0
    fine: float = 1.0


ADAM = Optimization()


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
    augment     names of `trainer.fitting.augment`, with strengths (`shift:2`); None chooses by the
                images, () does nothing
    """

    name: str
    architecture: Architecture
    epochs: int
    batch: int = 32
    validation: float = _TWELFTH
    patience: int | None = None
    dataset: str | None = None
    tutorial: Tutorial | None = None
    augment: tuple[str, ...] | None = ()
    optimization: Optimization = ADAM


# Chosen on validation images: docs/TRAIN-PRESETS.md says among what.
_BEST = Optimization(
    "sgd", 0.2, "cosine", warmup=0.15, decay=5e-3, smoothing=0.1, average=0.999, mixed=True
)

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
        Recipe(
            "fashion-best",
            Architecture("cnn", channels=(24, 64, 128), logits=True),
            epochs=24,
            batch=128,
            dataset="fashion-mnist",
            augment=("flip", "shift", "erase:0.3"),
            optimization=_BEST,
        ),
        Recipe(
            "mnist-best",
            Architecture("cnn", channels=(16, 48, 96), logits=True),
            epochs=12,
            batch=128,
            dataset="mnist",
            augment=("shift", "rotate", "zoom", "shear"),
            optimization=_BEST,
        ),
    )
}

_OWN = Optimization("adamw", 2e-3, "cosine", warmup=0.1, decay=0.01, smoothing=0.05)
_BACKBONE = Optimization("adamw", 1e-3, "cosine", warmup=0.1, decay=0.01, frozen=5, fine=0.1)

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
        Recipe(
            "cnn",
            Architecture("cnn", dropout=0.2, logits=True),
            epochs=30,
            validation=0.1,
            patience=10,
            augment=None,
            optimization=_OWN,
        ),
        *(
            Recipe(
                name,
                Architecture(name, dropout=0.2, logits=True, weights="imagenet"),
                epochs=20,
                validation=0.1,
                patience=10,
                augment=None,
                optimization=_BACKBONE,
            )
            for name in BACKBONES
        ),
    )
}


def find(name: str) -> Recipe:
    """The preset of this name. Raises UsageError listing all presets."""
    return _find(name, "preset", PRESETS)


def find_model(name: str) -> Recipe:
    """The recipe of one of KINDS, or of a function `module:function` that returns a Keras model.

    Raises UsageError listing all.
    """
    if ":" in name:
        return replace(MODELS["cnn"], name=name, architecture=Architecture(name, logits=False))
    return _find(name, "model", MODELS)


def _find(name: str, kind: str, table: dict[str, Recipe]) -> Recipe:
    if name not in table:
        raise UsageError(f"unknown {kind} {name!r}: one of {', '.join(table)}")
    return table[name]
