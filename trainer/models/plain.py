"""Keras models: raw pixels 0..255 in, one number a class out.

The first layer is Rescaling(1/255), so that normalization is inside the graph and uint8 pixels can
be the exported model's input. Nothing of augmentation is in the graph. Knows neither data nor
training.
"""

from __future__ import annotations

from typing import Any

from litescore.contract import Contract
from trainer.backend import keras
from trainer.models import residual
from trainer.presets import Architecture

layers = keras.layers


def build(architecture: Architecture, contract: Contract) -> Any:
    """An untrained keras.Model: float32[n, height, width, channels] of 0..255 to [n, classes].

    It gives logits or probabilities, as the architecture says.
    """
    pixels = keras.Input((contract.height, contract.width, contract.channels), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(pixels)
    x = (
        _convolutions(x, architecture.channels)
        if architecture.kind == "cnn"
        else _dense(x, architecture.hidden)
    )
    if architecture.dropout:
        x = layers.Dropout(architecture.dropout)(x)
    activation = None if architecture.logits else "softmax"
    outputs = layers.Dense(len(contract.labels), activation=activation, name="classes")(x)
    return keras.Model(pixels, outputs)


def with_probabilities(model: Any, architecture: Architecture) -> Any:
    """The model with a Softmax attached where it gives logits; the same weights."""
    if not architecture.logits:
        return model
    outputs = layers.Softmax(name="probabilities")(model.outputs[0])
    return keras.Model(model.inputs[0], outputs)


def has_convolutions(model: Any) -> bool:
    return any(isinstance(layer, layers.Conv2D) for layer in model.layers)


def _dense(x: Any, hidden: tuple[int, ...]) -> Any:
    x = layers.Flatten()(x)
    for units in hidden:
        x = layers.Dense(units, activation="relu")(x)
    return x


def _convolutions(x: Any, channels: tuple[int, ...]) -> Any:
    return residual.body(x, channels or residual.channels_for(max(x.shape[1:3])))
