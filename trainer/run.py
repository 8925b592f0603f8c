"""One training run: from a recipe and a data set to a trained model and how good it is.

Knows how the parts of the trainer go together; nothing of the command line, files or pages.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray

from litescore import __version__
from litescore.contract import Contract
from trainer import audit, disk, models
from trainer.augmentation import sensible
from trainer.backend import keras, tf, use_one_thread
from trainer.fitting import memory
from trainer.fitting.checkpoints import Checkpoints, State
from trainer.fitting.fit import class_weights, fit
from trainer.fitting.history import Fitted, Watcher
from trainer.fitting.predict import Predictor, measure
from trainer.identity import identity
from trainer.images.splits import Examples, Splits
from trainer.models import lowered, plain
from trainer.plan import Job
from trainer.presets import Architecture, Recipe

Say = Callable[[str], None]

# Points of accuracy (0..1) between training and test images from which overfitting is named.
_OVERFIT_GAP = 0.02

# Input values (height x width x channels) up to which a dense step is too short for two threads.
_SMALL_INPUT = 4096


@dataclass(frozen=True)
class Measured:
    """What the model makes of one set of images: probabilities are float32[n, classes]."""

    loss: float
    accuracy: float
    probabilities: NDArray[np.float32]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """int64[n]: the index of the most probable class."""
        best: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return best


@dataclass(frozen=True)
class Run:
    """A finished training: `model` is a keras.Model from pixels 0..255 to probabilities.

    untrained  the loss on the test images before training
    augment    what was done to the training images
    warnings   what the quick audit found in the images
    """

    job: Job
    splits: Splits
    model: Any
    untrained: float
    fitted: Fitted
    train: Measured
    test: Measured
    augment: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def contract(self) -> Contract:
        """As it was trained; the export adds the rest."""
        return self.splits.contract

    @property
    def images_per_second(self) -> float:
        """Training images a second in all epochs, over all the time, validation included."""
        return len(self.fitted.epochs) * len(self.splits.train) / self.fitted.seconds

    @property
    def gap(self) -> float:
        """How much better the model is on training images: a difference of accuracies 0..1."""
        return self.train.accuracy - self.test.accuracy

    @property
    def overfits(self) -> bool:
        """Whether the gap is so large that the report warns of it."""
        return self.gap > _OVERFIT_GAP


def train(
    job: Job,
    parts: Splits,
    watch: Watcher,
    say: Say = lambda _: None,
    warn: Say | None = None,
) -> Run:
    """Train on these images and measure. `say` is told the untrained loss before the first epoch;
    `warn` what the audit found, and checkpoints that could not be written or read. Without `warn`
    these are told to `say` too.
    """
    warn = warn or (lambda text: say(f"warning: {text}"))
    recipe, logits = job.recipe, job.recipe.architecture.logits
    names = _augmentation(job, parts.contract)
    warnings = audit.quick(parts)
    for warning in warnings:
        warn(warning)
    if _is_small(recipe.architecture, parts.contract):
        use_one_thread()
    keras.utils.set_random_seed(job.seed)
    model = models.build(recipe.architecture, parts.contract, keras_home=job.keras_home)
    for line in models.notes(model, recipe.architecture, parts.contract):
        say(line)
    disk.check(job.out, model.count_params())
    batch = min(recipe.batch, len(parts.train))
    memory.check(model, batch, parts.contract, beside=parts.beside_a_step(batch))
    if recipe.optimization.balanced:
        say(_balance(parts))
    predictor = Predictor(model, logits=logits)
    untrained = _measure(predictor, parts.test).loss
    say(f"untrained loss {untrained:.3f} (by chance {math.log(len(parts.contract.labels)):.3f})")
    learner = lowered.twin(model) if _in_bfloat16(recipe) else model
    setting = _setting(recipe)
    checkpoints = Checkpoints(job.out, identity(job, parts, names), warn, setting=setting)
    begun = _begun(job, checkpoints, say)
    fitted = fit(
        learner,
        parts.train,
        parts.validation,
        logits=logits,
        epochs=recipe.epochs,
        batch=recipe.batch,
        patience=recipe.patience,
        seed=job.seed,
        optimization=recipe.optimization,
        augment=names,
        watch=watch,
        checkpoints=checkpoints,
        begun=begun,
    )
    model.set_weights(learner.get_weights())
    trained, judged = (_measure(predictor, part) for part in (parts.train, parts.test))
    probable = plain.with_probabilities(model, recipe.architecture)
    return Run(job, parts, probable, untrained, fitted, trained, judged, names, warnings)


def _setting(recipe: Recipe) -> dict[str, str]:
    """What computes, and so decides the last digits."""
    return {
        "litescore": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "convolutions": "bfloat16" if _in_bfloat16(recipe) else "float32",
    }


def _balance(parts: Splits) -> str:
    """Which class counts most and which least, and how much."""
    labels = parts.contract.labels
    weights = class_weights(parts.train, len(labels))
    counting = sorted(
        (weight, label) for weight, label in zip(weights, labels, strict=True) if weight
    )
    (least, common), (most, rare) = counting[0], counting[-1]
    return f"balanced: an image of {rare} counts {most:.2f}, of {common} {least:.2f}, 1 in the mean"


def _begun(job: Job, checkpoints: Checkpoints, say: Say) -> State | None:
    begun = checkpoints.load() if job.resume else None
    if begun is not None and begun.finished:
        say("all epochs are trained already: measuring and writing")
    elif begun is not None:
        say(f"going on from epoch {begun.epoch} of {job.recipe.epochs}")
    return begun


def _augmentation(job: Job, contract: Contract) -> tuple[str, ...]:
    """What is done to training images: as the recipe says, else what suits them."""
    chosen = job.recipe.augment
    return sensible(contract) if chosen is None else chosen


def predict_one(run: Run, index: int) -> NDArray[np.float32]:
    """float32[1, classes]: one test image, given to the finished model as a batch of one."""
    batch = run.splits.test.tensors[index : index + 1].astype(np.float32)
    answer: NDArray[np.float32] = np.asarray(run.model(batch, training=False))
    return answer


def _in_bfloat16(recipe: Recipe) -> bool:
    return recipe.optimization.mixed and recipe.architecture.kind == "cnn" and lowered.is_native()


def _is_small(architecture: Architecture, contract: Contract) -> bool:
    values = contract.height * contract.width * contract.channels
    return architecture.kind == "mlp" and values <= _SMALL_INPUT


def _measure(predictor: Predictor, examples: Examples) -> Measured:
    probabilities = predictor(examples.tensors)
    return Measured(*measure(probabilities, examples.classes), probabilities)
