"""A colour model: which of red, green and blue a picture is. For a process that has TensorFlow.

It must be told red from blue, so it needs no training: the mean of each channel is its logit.
"""

from __future__ import annotations

from pathlib import Path

from litescore import contract as contracts
from litescore.contract import Contract


def write(path: Path) -> Path:
    """The model with its contract, 8 x 8 pixels, at `path`."""
    import keras
    import tensorflow as tf

    model = keras.Sequential(
        [
            keras.Input((8, 8, 3), dtype="float32"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Softmax(),
        ]
    )
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    contract = Contract(("red", "green", "blue"), "rgb", 8, 8, variant="f32")
    path.write_bytes(contracts.append(converter.convert(), contract))
    return path
