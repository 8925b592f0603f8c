"""A small residual network that int8 and Arm's processors like: nothing but 3 x 3 convolutions.

The way around a convolution is inside its kernel, which begins as the identity plus noise: sums of
two maps would be rounded otherwise on Arm than on x86. Batch normalization folds into the
convolution before it, and max pooling keeps more of a small picture's detail than a stride does.
Knows neither data nor training.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer.backend import keras

layers = keras.layers

# Longest side of a picture that the first convolution sees whole.
_WHOLE = 40
# Pooling halves the map until its longer side is at most this.
_SMALLEST_MAP = 7
_FEWEST_STAGES = 2
_FIRST_CHANNELS, _MOST_CHANNELS = 16, 128


def body(x: Any, channels: tuple[int, ...]) -> Any:
    """float32[n, h, w, c] -> float32[n, channels[-1]]: a first convolution, then a stage of three
    for each further number of channels, then the mean over the map.

    Without `channels` the picture's size says how many.
    """
    side = max(x.shape[1:3])
    stride = 1 if side <= _WHOLE else 2
    first, *stages = channels or _sized(-(-side // stride))
    x = _convolution(x, first, stride=stride)
    for width in stages:
        x = layers.MaxPooling2D(padding="same")(x)
        for _ in range(3):
            x = _convolution(x, width)
    return layers.GlobalAveragePooling2D()(x)


def _sized(side: int) -> list[int]:
    channels = [_FIRST_CHANNELS]
    while side > _SMALLEST_MAP or len(channels) <= _FEWEST_STAGES:
        channels.append(min(2 * channels[-1], _MOST_CHANNELS))
        side = -(-side // 2)
    return channels


def _convolution(x: Any, width: int, *, stride: int = 1) -> Any:
    convolution = layers.Conv2D(
        width, 3, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )
    y = convolution(x)
    if x.shape[-1] == width:
        convolution.kernel.assign_add(_identity(width))
    # Keras' momentum of 0.99 needs hundreds of steps; a small folder gives tens.
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(y))


def _identity(width: int) -> Any:
    """float32[3, 3, width, width]: the kernel that gives each channel as it is."""
    kernel = np.zeros((3, 3, width, width), np.float32)
    kernel[1, 1] = np.eye(width)
    return kernel
