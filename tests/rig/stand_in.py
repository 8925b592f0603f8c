"""Makes model.keras, contract.json, run.json, f32.tflite and int8.tflite until the rooms do."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from litescore import contract as contracts
from litescore import dataset
from litescore.contract import Contract

data, folder = Path(sys.argv[1]), Path(sys.argv[2])
train = dataset.load(data, "train")
keras.utils.set_random_seed(0)
pixels = train.images[..., None]
model = keras.Sequential(
    [
        keras.Input((28, 28, 1), dtype="uint8"),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(128, "relu"),
        keras.layers.Dense(10, "softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(pixels, train.classes, epochs=2, batch_size=128, verbose=0)
model.save(folder / "model.keras")
contract = Contract(train.labels, "gray", 28, 28)
(folder / "contract.json").write_text(contract.to_json())
(folder / "run.json").write_text(json.dumps({"preset": "fashion-basic", "data": str(data)}))


def representative():
    for frame in [np.zeros_like(pixels[:1]), np.full_like(pixels[:1], 255), *pixels[:200, None]]:
        yield [frame.astype(np.float32)]


plain = keras.Sequential([keras.Input((28, 28, 1), dtype="float32"), *model.layers])
converter = tf.lite.TFLiteConverter.from_keras_model(model)
f32 = Contract(train.labels, "gray", 28, 28, variant="f32")
(folder / "f32.tflite").write_bytes(contracts.append(converter.convert(), f32))

converter = tf.lite.TFLiteConverter.from_keras_model(plain)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = representative
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
converter.inference_input_type = tf.uint8
converter.inference_output_type = tf.uint8
int8 = Contract(train.labels, "gray", 28, 28, variant="int8")
(folder / "int8.tflite").write_bytes(contracts.append(converter.convert(), int8))
