"""Optimizers and learning-rate schedules, from a recipe's plain words. Knows no images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import UsageError
from trainer.backend import keras, tf
from trainer.presets import Optimization

_MOMENTUM = 0.9


class Warmed(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A straight line from nothing to `rate` in the first `warmup` steps, then half a cosine down
    to nothing at step `steps`.
    """

    def __init__(self, rate: float, warmup: int, steps: int) -> None:
        self.rate, self.warmup, self.steps = rate, warmup, steps

    def __call__(self, step: Any) -> Any:
        """The rate of a step, counted from 0, as a float32 tensor."""
        # The first step is number 0 and must move something.
        done = tf.cast(step, tf.float32) + 1.0
        rising = done / max(1, self.warmup)
        fallen = (done - self.warmup) / max(1, self.steps - self.warmup)
        falling = 0.5 * (1 + tf.cos(math.pi * tf.clip_by_value(fallen, 0.0, 1.0)))
        return self.rate * tf.where(done < self.warmup, rising, falling)

    def get_config(self) -> dict[str, Any]:
        """What Keras makes it from again."""
        return {"rate": self.rate, "warmup": self.warmup, "steps": self.steps}


def optimizer(chosen: Optimization, variables: list[Any], *, steps: int) -> Any:
    """A keras.Optimizer that is built for these variables and will take `steps` steps.

    Weight decay is for what multiplies; biases and normalization are left alone. Raises UsageError
    for an optimizer or a schedule of another name.
    """
    made = _make(chosen, _rate(chosen, steps))
    if chosen.decay:
        made.exclude_from_weight_decay(var_list=[v for v in variables if len(v.shape) < 2])
    made.build(variables)
    return made


def rates(chosen: Optimization, steps: int) -> NDArray[np.float32]:
    """float32[steps]: the learning rate of each step."""
    rate = _rate(chosen, steps)
    if not callable(rate):
        return np.full(steps, rate, np.float32)
    found: NDArray[np.float32] = rate(np.arange(steps)).numpy()
    return found


def _rate(chosen: Optimization, steps: int) -> Any:
    if chosen.schedule == "constant":
        return chosen.rate
    if chosen.schedule == "cosine":
        return Warmed(chosen.rate, round(chosen.warmup * steps), steps)
    raise UsageError(f"unknown schedule {chosen.schedule!r}: one of constant, cosine")


def _make(chosen: Optimization, rate: Any) -> Any:
    decay = chosen.decay or None
    if chosen.optimizer == "adam":
        return keras.optimizers.Adam(rate, weight_decay=decay)
    if chosen.optimizer == "adamw":
        return keras.optimizers.AdamW(rate, weight_decay=chosen.decay)
    if chosen.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=_MOMENTUM, nesterov=True, weight_decay=decay)
    raise UsageError(f"unknown optimizer {chosen.optimizer!r}: one of adam, adamw, sgd")
