"""Small Keras models with random weights, written to files. For a process that has TensorFlow."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from export.convert import tensorflow

SHAPE = (32, 32, 3)


def _pixels(layers: Any, keras: Any) -> tuple[Any, Any]:
    pixels = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, strides=2, activation="relu")(pixels)
    return pixels, layers.GlobalAveragePooling2D()(x)


def _functional(end: Callable[[Any, Any, Any], Any]) -> Callable[[Any], Any]:
    def build(keras: Any) -> Any:
        pixels, x = _pixels(keras.layers, keras)
        return keras.Model(pixels, end(keras, keras.layers, x))

    return build


def _nested(keras: Any) -> Any:
    layers = keras.layers
    base = ENDINGS["features"](keras)
    head = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(3, "softmax")])
    return keras.Sequential([keras.Input(SHAPE), base, head])


def _two_inputs(keras: Any) -> Any:
    first, second = keras.Input(SHAPE), keras.Input((2,))
    flat = keras.layers.Concatenate()([keras.layers.Flatten()(first), second])
    return keras.Model([first, second], keras.layers.Dense(3, "softmax")(flat))


def _two_outputs(keras: Any) -> Any:
    pixels, x = _pixels(keras.layers, keras)
    return keras.Model(pixels, [keras.layers.Dense(3)(x), keras.layers.Dense(2)(x)])


def _segmentation(keras: Any) -> Any:
    pixels = keras.Input(SHAPE)
    return keras.Model(pixels, keras.layers.Conv2D(3, 1, activation="softmax")(pixels))


def _open_size(height: int | None) -> Callable[[Any], Any]:
    def build(keras: Any) -> Any:
        pixels = keras.Input((height, None, 3))
        x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(pixels))
        return keras.Model(pixels, keras.layers.Dense(3, "softmax")(x))

    return build


def _gray(keras: Any) -> Any:
    layers = keras.layers
    parts = [layers.Rescaling(1 / 255, name="first"), layers.Flatten(), layers.Dense(3)]
    return keras.Sequential([keras.Input((32, 32)), *parts])


def _channels_first(keras: Any) -> Any:
    pixels = keras.Input((3, 32, 32))
    return keras.Model(pixels, keras.layers.Dense(3)(keras.layers.Flatten()(pixels)))


def _lambda(keras: Any) -> Any:
    pixels, x = _pixels(keras.layers, keras)
    return keras.Model(pixels, keras.layers.Dense(3)(keras.layers.Lambda(lambda v: v * 2)(x)))


def _custom(keras: Any) -> Any:
    class Doubled(keras.layers.Layer):  # type: ignore[misc]
        def call(self, values: Any) -> Any:
            return values * 2

    class Halved(Doubled):
        pass

    pixels, x = _pixels(keras.layers, keras)
    return keras.Model(pixels, keras.layers.Dense(3)(Halved()(Doubled()(x))))


def _fixed_batch(keras: Any) -> Any:
    pixels = keras.Input(batch_shape=(4, *SHAPE))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
    return keras.Model(pixels, keras.layers.Dense(3, "softmax")(x))


def _batch_in_the_graph(keras: Any) -> Any:
    pixels = keras.Input(batch_shape=(4, *SHAPE))
    x = keras.ops.reshape(keras.layers.Rescaling(1 / 255)(pixels), (4, -1))
    return keras.Model(pixels, keras.layers.Dense(3, "softmax")(x))


def _unbuilt(keras: Any) -> Any:
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3, "softmax")])


def _not_finite(keras: Any) -> Any:
    model = ENDINGS["softmax"](keras)
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * float("nan"), bias])
    return model


ENDINGS: dict[str, Callable[[Any], Any]] = {
    "features": _functional(lambda keras, layers, x: x),
    "softmax": _functional(lambda keras, layers, x: layers.Dense(3, "softmax")(x)),
    "logits": _functional(lambda keras, layers, x: layers.Dense(3)(x)),
    "softmax layer": _functional(lambda keras, layers, x: layers.Softmax()(layers.Dense(3)(x))),
    "softmax in float32": _functional(
        lambda keras, layers, x: layers.Activation("softmax", dtype="float32")(layers.Dense(3)(x))
    ),
    "softmax function": _functional(lambda keras, layers, x: keras.ops.softmax(layers.Dense(3)(x))),
    "softmax then dropout": _functional(
        lambda keras, layers, x: layers.Dropout(0.5)(layers.Dense(3, "softmax")(x))
    ),
    "logits then dropout": _functional(
        lambda keras, layers, x: layers.Dropout(0.5)(layers.Dense(3)(x))
    ),
    "one sigmoid": _functional(lambda keras, layers, x: layers.Dense(1, "sigmoid")(x)),
    "one logit": _functional(lambda keras, layers, x: layers.Dense(1)(x)),
    "one softmax": _functional(lambda keras, layers, x: layers.Dense(1, "softmax")(x)),
    "sigmoids": _functional(lambda keras, layers, x: layers.Dense(3, "sigmoid")(x)),
    "sigmoids then dropout": _functional(
        lambda keras, layers, x: layers.Dropout(0.5)(layers.Dense(3, "sigmoid")(x))
    ),
    "relu": _functional(lambda keras, layers, x: layers.Dense(3, "relu")(x)),
    "nested": _nested,
    "two inputs": _two_inputs,
    "two outputs": _two_outputs,
    "segmentation": _segmentation,
    "open size": _open_size(None),
    "open width": _open_size(32),
    "gray": _gray,
    "channels first": _channels_first,
    "lambda": _lambda,
    "custom": _custom,
    "fixed batch": _fixed_batch,
    "batch in the graph": _batch_in_the_graph,
    "unbuilt": _unbuilt,
    "not finite": _not_finite,
}


def save(kind: str, path: Path) -> Path:
    """The model of that kind at `path`: a .keras or .h5 file, else a SavedModel folder."""
    keras = tensorflow().keras
    keras.utils.set_random_seed(7)
    model = ENDINGS[kind](keras)
    if path.suffix in (".keras", ".h5"):
        model.save(path)
    else:
        model.export(path, verbose=False)
    return path


def edited(run: Path, folder: Path, change: Callable[[Any], None]) -> Path:
    """A copy of a training run in `folder`, its Keras model changed."""
    shutil.copytree(run, folder)
    model = tensorflow().keras.models.load_model(folder / "model.keras", compile=False)
    change(model)
    model.save(folder / "model.keras")
    return folder
