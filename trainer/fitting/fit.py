"""Training from the first epoch to the last, and which weights are kept.

Knows nothing of files, presets or reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trainer.fitting.checkpoints import Checkpoints, State
from trainer.fitting.history import Fitted, Unwatched, Watcher
from trainer.fitting.interruption import heard
from trainer.fitting.loop import Loop
from trainer.fitting.memory import explained
from trainer.fitting.phases import phases
from trainer.fitting.predict import Predictor
from trainer.fitting.steps import Stepper
from trainer.fitting.training import Training
from trainer.images.splits import Examples
from trainer.presets import ADAM, Optimization


def fit(
    model: Any,
    train: Examples,
    validation: Examples | None = None,
    *,
    logits: bool,
    epochs: int,
    batch: int = 32,
    patience: int | None = None,
    seed: int = 0,
    optimization: Optimization = ADAM,
    augment: Sequence[str] = (),
    watch: Watcher | None = None,
    checkpoints: Checkpoints | None = None,
    begun: State | None = None,
) -> Fitted:
    """Train `model` in place on sparse categorical cross-entropy.

    `logits` says what the model gives. The weights of the epoch with the lowest validation loss
    (training loss where there are no validation images) are kept; with `patience` training stops
    after that many epochs without a lower one. With a moving average, its weights are what is
    validated and kept. A pretrained backbone is left as it is for the first epochs
    (`trainer.fitting.phases`). The same seed gives the same weights on the same machine, whether
    or not it stopped in between and went on from `begun`, a state of `checkpoints`.

    Raises ConfigurationError for a loss that is no number or too little memory, and
    KeyboardInterrupt, once the state is saved, when it is asked to stop.
    """
    predictor = Predictor(model, logits=logits)
    watch = watch or Unwatched()
    with explained(model, batch), heard(watch.stopping) as wish:
        training = Training(
            model,
            train,
            validation,
            predictor,
            epochs=epochs,
            patience=patience,
            smoothing=optimization.smoothing,
            seed=seed,
            watch=watch,
            wish=wish,
            checkpoints=checkpoints,
            begun=begun,
        )
        for phase in phases(model, optimization, epochs):
            # Where the phase is over too: layers say afterwards what they learned as in the last.
            phase.prepare(model)
            if training.is_over(phase):
                continue
            stepper = Stepper(
                model,
                phase.optimization,
                logits=logits,
                steps=phase.epochs * -(-len(train) // batch),
                seed=seed,
                names=augment,
                weights=_weights(optimization, train, model.output_shape[-1]),
            )
            training.run(phase, Loop(stepper, train, batch=batch), stepper)
        training.finish()
    model.set_weights(training.kept)
    return Fitted(tuple(training.history), training.best, training.seconds)


def _weights(optimization: Optimization, train: Examples, classes: int) -> list[float] | None:
    return class_weights(train, classes) if optimization.balanced else None


def class_weights(train: Examples, classes: int) -> list[float]:
    """How much an image of each class counts, so that each class counts as much as another: their
    mean over the images is 1.
    """
    counts = np.bincount(train.classes, minlength=classes)
    present = int((counts > 0).sum())
    return [len(train) / (present * count) if count else 0.0 for count in counts.tolist()]
