"""Memory for a step of training: told beforehand where it cannot be enough, explained where it was not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from litescore import memory
from litescore.contract import Contract
from litescore.errors import ConfigurationError
from trainer.backend import keras, tf

_FLOAT = 4
# Of a weight: itself, its gradient and Adam's two moments.
_COPIES = 4


def needed(model: Any, batch: int) -> int:
    """Bytes that a step of `batch` images takes at least: what each layer gives is held for the way
    back, and each weight with what moves it. The real peak is higher.
    """
    weights: int = model.count_params()
    return _FLOAT * (batch * _activations(model) + _COPIES * weights)


def check(
    model: Any, batch: int, contract: Contract, *, beside: int = 0, allowed: int | None = None
) -> None:
    """Raises ConfigurationError where a step, with `beside` bytes that are held besides (see
    `Splits.beside_a_step`), needs more than `allowed`, by default what this machine or container has.
    """
    there = memory.allowed() if allowed is None else allowed
    least = needed(model, batch) + beside
    if there is None or least <= there:
        return
    fits = _fitting(model, there - beside)
    smaller = f"--batch {fits} or a smaller --size" if fits else "a smaller --size or model"
    raise ConfigurationError(
        f"a step of {batch} images of {contract.width} x {contract.height} {contract.color} pixels "
        f"needs at least {least / 1e9:.1f} GB of memory, there are {there / 1e9:.1f}: give {smaller}"
    )


@contextmanager
def explained(model: Any, batch: int) -> Iterator[None]:
    """Within it running out of memory is a ConfigurationError that names the batch and the fix."""
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        height, width = model.input_shape[1:3]
        less = f"--batch {batch // 2}" if batch > 1 else "another --model"
        raise ConfigurationError(
            f"out of memory in a step of {batch} images of {width} x {height} pixels: give {less} "
            "or a smaller --size"
        ) from error


def widest(model: Any) -> int:
    """Values of one image where it is widest: as it comes in, or as a layer gives it."""
    image: int = math.prod(model.input_shape[1:])
    return max(image, *_layers(model))


def _activations(model: Any) -> int:
    """Values that the layers give for one image."""
    return sum(_layers(model))


def _layers(model: Any) -> Iterator[int]:
    """Values that each layer gives for one image, those of models within it included."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield sum(_values(node) for node in layer._inbound_nodes)


def _values(node: Any) -> int:
    return sum(math.prod(side or 1 for side in each.shape[1:]) for each in node.output_tensors)


def _fitting(model: Any, there: int) -> int:
    """The largest power of two of images that may fit; 0 where none does."""
    most = (there - needed(model, 0)) // (_FLOAT * max(1, _activations(model)))
    return 1 << (most.bit_length() - 1) if most > 0 else 0
