"""A small residual network that int8 and Arm's processors like: plain 3 x 3 convolutions.

Batch normalization folds into the convolution before it, and max pooling keeps more of a small
picture's detail than a stride does. Knows neither data nor training.
"""

from __future__ import annotations

from typing import Any

from trainer.backend import keras

layers = keras.layers

# Longest side of a picture that the first convolution sees whole.
_WHOLE = 40


def body(x: Any, channels: tuple[int, ...]) -> Any:
    """float32[n, h, w, c] -> float32[n, channels[-1]]: a first convolution, then a stage for each
    further number of channels, then the mean over the map.
    """
    first, *stages = channels
    x = _convolution(x, first, stride=1 if max(x.shape[1:3]) <= _WHOLE else 2)
    for width in stages:
        x = layers.MaxPooling2D(padding="same")(x)
        x = _convolution(x, width)
        x = _residual(x, width)
    return layers.GlobalAveragePooling2D()(x)


def _residual(x: Any, width: int) -> Any:
    y = _convolution(x, width)
    y = _convolution(y, width, active=False)
    return layers.ReLU()(layers.Add()([x, y]))


def _convolution(x: Any, width: int, *, stride: int = 1, active: bool = True) -> Any:
    x = layers.Conv2D(
        width, 3, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(x)
    # Keras' momentum of 0.99 needs hundreds of steps; a small folder gives tens.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if active else x
