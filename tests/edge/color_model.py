"""Writes a colour model: which of red, green and blue a picture is. `python color_model.py OUT`

It must be told red from blue, so it needs no training: the mean of each channel is its logit.
"""

import sys
from pathlib import Path

import keras
import tensorflow as tf

from litescore import contract as contracts
from litescore.contract import Contract

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
Path(sys.argv[1]).write_bytes(contracts.append(converter.convert(), contract))
