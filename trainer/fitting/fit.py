"""Training from the first epoch to the last, and which weights are kept.

Knows nothing of files, presets or reports.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trainer.fitting.history import Epoch, Fitted, Unwatched, Watcher
from trainer.fitting.loop import Loop
from trainer.fitting.order import shuffled
from trainer.fitting.phases import phases
from trainer.fitting.predict import Predictor, measure
from trainer.fitting.steps import Stepper
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
) -> Fitted:
    """Train `model` in place on sparse categorical cross-entropy.

    `logits` says what the model gives. The weights of the epoch with the lowest validation loss
    (training loss where there are no validation images) are kept; with `patience` training stops
    after that many epochs without a lower one. With a moving average, its weights are what is
    validated and kept. A pretrained backbone is left as it is for the first epochs
    (`trainer.fitting.phases`). The same seed gives the same weights on the same machine.
    """
    started = time.perf_counter()
    watch = watch or Unwatched()
    predictor = Predictor(model, logits=logits)
    history: list[Epoch] = []
    best, weights = 0, model.get_weights()
    for phase in phases(model, optimization, epochs):
        phase.prepare(model)
        stepper = Stepper(
            model,
            phase.optimization,
            logits=logits,
            steps=phase.epochs * -(-len(train) // batch),
            seed=seed,
            names=augment,
        )
        loop = Loop(stepper, train, batch=batch)
        for number in range(phase.first, phase.last + 1):
            loss, accuracy = loop.run(shuffled(len(train), seed, number), number, watch)
            with _averaged(model, stepper):
                history.append(Epoch(number, loss, accuracy, *_validate(predictor, validation)))
                watch.epoch(history[-1])
                if not best or _loss(history[-1]) < _loss(history[best - 1]):
                    best, weights = number, model.get_weights()
            # Only where the whole model learns: what is frozen cannot be waited for.
            waited = number - max(best, phase.first - 1)
            if patience is not None and phase.last == epochs and waited >= patience:
                break
    model.set_weights(weights)
    return Fitted(tuple(history), best, time.perf_counter() - started)


@contextmanager
def _averaged(model: Any, stepper: Stepper) -> Iterator[None]:
    """The model with the moving average of its weights, where there is one."""
    average = stepper.averaged()
    if average is None:
        yield
        return
    own = model.get_weights()
    model.set_weights(average)
    try:
        yield
    finally:
        model.set_weights(own)


def _validate(
    predictor: Predictor, validation: Examples | None
) -> tuple[float | None, float | None]:
    if validation is None:
        return None, None
    return measure(predictor(validation.tensors), validation.classes)


def _loss(epoch: Epoch) -> float:
    return epoch.loss if epoch.val_loss is None else epoch.val_loss
