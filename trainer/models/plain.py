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

# What a dense model is made of.
_CHAINED = (
    layers.Rescaling,
    layers.Flatten,
    layers.Dense,
    layers.ReLU,
    layers.Activation,
    layers.Softmax,
    layers.Dropout,
)


def build(architecture: Architecture, contract: Contract) -> Any:
    """An untrained keras.Model: float32[n, height, width, channels] of 0..255 to [n, classes].

    It gives logits or probabilities, as the architecture says.
    """
    pixels = keras.Input((contract.height, contract.width, contract.channels), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(pixels)
    x = (
        residual.body(x, architecture.channels)
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


def is_chain(model: Any) -> bool:
    """Whether it is dense layers one behind the other: calling each in turn is calling the model.

    A model of one's own may branch, or use a layer twice.
    """
    first, *others = model.layers
    behind = first.output if isinstance(first, layers.InputLayer) else None
    for layer in others:
        if not isinstance(layer, _CHAINED) or len(layer._inbound_nodes) != 1:
            return False
        if layer.input is not behind:
            return False
        behind = layer.output
    return behind is model.outputs[0]


def _dense(x: Any, hidden: tuple[int, ...]) -> Any:
    x = layers.Flatten()(x)
    for units in hidden:
        x = layers.Dense(units, activation="relu")(x)
    return x
