"""Backbones of keras.applications, with their own normalization in the graph and a head of ours.

Gray pixels are widened to three channels first: a copy, which costs int8 nothing. Then comes one
Rescaling, a scale and an offset, whatever the backbone was made for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from litescore.contract import Contract
from trainer.backend import keras
from trainer.models import imagenet, limits, weights
from trainer.models.freezing import FEATURES
from trainer.presets import Architecture

layers = keras.layers

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)

# Keras' momentum, up to 0.999, needs thousands of steps to forget where it began; a folder gives
# hundreds.
_MOMENTUM = 0.9


def build(architecture: Architecture, contract: Contract, *, keras_home: Path | None = None) -> Any:
    """As `trainer.models.build`, for one of BACKBONES with its weights in it."""
    limits.check_size(architecture.kind, contract.height, contract.width)
    pixels = keras.Input((contract.height, contract.width, contract.channels), name="pixels")
    x = pixels if contract.channels == 3 else layers.Concatenate(name="widen")([pixels] * 3)
    x = layers.GlobalAveragePooling2D(name=FEATURES)(_BODIES[architecture.kind](x))
    if architecture.dropout:
        x = layers.Dropout(architecture.dropout)(x)
    activation = None if architecture.logits else "softmax"
    outputs = layers.Dense(len(contract.labels), activation=activation, name="classes")(x)
    model = keras.Model(pixels, outputs)
    if architecture.weights == "none":
        _hurry(model)
    elif architecture.weights == "imagenet":
        weights.give(model, imagenet.arrays(architecture.kind, keras_home), "ImageNet's weights")
    else:
        path = Path(architecture.weights)
        weights.give(model, weights.read(path), str(path))
    return model


def _mobilenet_v2(x: Any) -> Any:
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(x)
    return keras.applications.MobileNetV2(input_tensor=x, include_top=False, weights=None).output


def _mobilenet_v3_small(x: Any) -> Any:
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(x)
    return keras.applications.MobileNetV3Small(
        input_tensor=x, include_top=False, weights=None, include_preprocessing=False
    ).output


def _efficientnet_b0(x: Any) -> Any:
    """Its own Rescaling and Normalization become one Rescaling.

    With ImageNet's weights Keras divides by the root of the deviation twice, once in a
    Normalization whose variance is the deviation and once in a Rescaling behind it; without them it
    does not normalize at all.
    """
    made = keras.applications.EfficientNetB0(input_tensor=x, include_top=False, weights=None)
    scale = [1 / (255 * deviation) for deviation in _IMAGENET_DEVIATION]
    offset = [
        -mean / deviation
        for mean, deviation in zip(_IMAGENET_MEAN, _IMAGENET_DEVIATION, strict=True)
    ]

    def copied(layer: Any) -> Any:
        if isinstance(layer, layers.Rescaling):
            return layers.Rescaling(scale, offset=offset, name="rescale")
        if isinstance(layer, layers.Normalization):
            return layers.Identity(name="normalized")
        return type(layer).from_config(layer.get_config())

    pixels = made.inputs
    return keras.models.clone_model(made, input_tensors=pixels, clone_function=copied).output


_BODIES: dict[str, Callable[[Any], Any]] = {
    "mobilenet-v2": _mobilenet_v2,
    "mobilenet-v3-small": _mobilenet_v3_small,
    "efficientnet-b0": _efficientnet_b0,
}


def _hurry(model: Any) -> None:
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = _MOMENTUM
