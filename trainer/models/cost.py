"""What a model costs: its weights, and what training one image of it holds in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

_FLOAT_BYTES = 4
# Weights, their gradients, the two means of Adam, and the best ones kept aside.
_COPIES = 5


@dataclass(frozen=True)
class Cost:
    """Of a keras.Model. `activations` are the numbers that all its layers give to one image."""

    parameters: int
    activations: int

    def training_bytes(self, batch: int) -> int:
        """About what training takes beside TensorFlow itself and the images: an upper bound.

        Every activation is kept for its gradient, and its gradient is made.
        """
        held = _COPIES * self.parameters + 2 * batch * self.activations
        return _FLOAT_BYTES * held

    @property
    def int8_bytes(self) -> int:
        """About the size of an exported int8 file."""
        return self.parameters


def describe(model: Any) -> Cost:
    """The cost of a functional keras.Model; in models inside it each layer counts."""
    return Cost(model.count_params(), _activations(model))


def _activations(model: Any) -> int:
    if hasattr(model, "layers"):
        return sum(_activations(layer) for layer in model.layers)
    shape = getattr(getattr(model, "output", None), "shape", None)
    return math.prod(shape[1:]) if shape and None not in shape[1:] else 0
