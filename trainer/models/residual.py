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
# The last stage's map has a side of at most this.
_SMALLEST_MAP = 8
_FIRST, _MOST = 24, 128


def channels_for(side: int) -> tuple[int, ...]:
    """Channels of the first convolution and of each stage, for pictures of this longer side.

    A stage halves the map; there are as many as bring it to 8 x 8, at least two.
    """
    side = side if side <= _WHOLE else -(-side // 2)
    found = [_FIRST]
    while len(found) < 3 or side > _SMALLEST_MAP:
        found.append(min(2 * found[-1], _MOST))
        side = -(-side // 2)
    return tuple(found)


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
