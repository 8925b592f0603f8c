"""Keras graphs around Keras models: raw pixels in front, probabilities behind, a fixed batch.

Every graph made here takes float32[n, height, width, channels] of raw pixels 0..255, red first, in
an input named `pixels`. It knows no files and no images.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.convert import tensorflow
from export.preprocess import PREPROCESSES, Preprocess
from litescore.contract import Contract
from litescore.errors import ModelError

# Input values a prediction takes at once: 28 pictures of 224 x 224, whose activations fit anywhere.
_VALUES = 2**22


def check_size(model: Any, contract: Contract) -> None:
    """Raises ModelError when the model's input is not a picture of the contract's size and colour."""
    shape = (contract.height, contract.width, contract.channels)
    taken = tuple(model.input_shape[1:])
    if taken == shape[:2] and contract.channels == 1:
        return
    if len(taken) != 3 or any(a not in (b, None) for a, b in zip(taken, shape, strict=True)):
        raise ModelError(f"the model takes {taken}, its contract says {shape}")


def pixels_model(
    model: Any, contract: Contract, preprocess: Preprocess = PREPROCESSES["none"]
) -> Any:
    """The model on raw pixels of the contract's size, with its preprocessing in the graph.

    It takes any number of pictures, or as many as the model does where its operations fix that.
    Raises ModelError when the model's input is not of the contract's size and colour.
    """
    check_size(model, contract)
    batch = None if _opens(model) else model.input_shape[0]
    pixels = _input(batch, (contract.height, contract.width, contract.channels))
    values = _preprocessed(pixels, preprocess)
    if len(model.input_shape) == 3:  # gray without a dimension for its channel
        values = tensorflow().keras.layers.Reshape(model.input_shape[1:])(values)
    return tensorflow().keras.Model(pixels, model(values))


def with_probabilities(logits: Any, output: str) -> Any:
    """Logits with the softmax or, for `sigmoid` and `multilabel`, the sigmoid behind them."""
    return with_temperature(logits, 1.0, output)


def with_temperature(logits: Any, temperature: float, output: str) -> Any:
    """Logits divided by the temperature, then their softmax or sigmoid, as `with_probabilities`."""
    keras = tensorflow().keras
    values = logits.outputs[0]
    if temperature != 1.0:
        values = keras.layers.Rescaling(1 / temperature, name="temperature")(values)
    kind = "softmax" if output == "softmax" else "sigmoid"
    probabilities = keras.layers.Activation(kind, name="probabilities")(values)
    return keras.Model(logits.inputs[0], probabilities)


def with_batch(model: Any, batch: int | None) -> Any:
    """The same model for so many images an invocation; None for any number.

    Raises ModelError for a model that can only take another number.
    """
    own = model.input_shape[0]
    if own not in (None, batch):
        raise ModelError(
            f"the model takes {own} images at once, fixed where it was saved: give --batch {own}, "
            "or save it with an open batch"
        )
    pixels = _input(batch, model.input_shape[1:])
    return tensorflow().keras.Model(pixels, model(pixels))


class Saved:
    """A model as SavedModels for the converter: one for each batch, written when it is asked for.

    folder  holds them; the caller's to remove
    """

    def __init__(self, model: Any, folder: Path) -> None:
        self._model, self._folder = model, folder

    def at(self, batch: int | None) -> Path:
        """The folder of the graph for so many images an invocation; None for any number."""
        path = self._folder / f"batch-{batch}"
        if not path.exists():
            save(with_batch(self._model, batch), path)
        return path


def save(model: Any, folder: str | Path) -> None:
    """Write the model as a SavedModel for the converter (`TFLiteConverter.from_saved_model`).

    Keras' own export, which `from_keras_model` runs for every variant anew, takes several
    times as long: it writes each layer as an object of its own. The converter needs one function only.
    """
    tf = tensorflow()
    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    pixels = tf.TensorSpec(model.input_shape, tf.float32, name="pixels")

    @tf.function(input_signature=[pixels], autograph=False)  # type: ignore[untyped-decorator]
    def serve(pixels: Any) -> dict[str, Any]:
        return {"output_0": model(pixels, training=False)}

    # Gradients, which nothing here asks for, may hold what cannot be written.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    signatures = {"serving_default": serve.get_concrete_function()}
    tf.saved_model.save(module, str(folder), signatures=signatures, options=options)


def predict(
    model: Any, contract: Contract, tensors: NDArray[np.generic], batch: int = 256
) -> NDArray[np.float32]:
    """What the Keras model answers: [n, h, w, c] of pixels -> float32[n, classes].

    The one unit of a `sigmoid` becomes its two classes, as `Scorer` does it.
    """
    values = answers(model, tensors, batch)
    if contract.output == "sigmoid":
        values = np.concatenate([1 - values, values], axis=1)
    return values


def answers(model: Any, tensors: NDArray[np.generic], batch: int = 256) -> NDArray[np.float32]:
    """float32[n, units]: what comes out of the model, as it is."""
    fixed = model.input_shape[0]
    batch = fixed or max(1, min(batch, _VALUES // int(np.prod(tensors.shape[1:]))))
    parts = []
    for start in range(0, len(tensors), batch):
        images = tensors[start : start + batch].astype(np.float32)
        # The last of fixed batches is filled up with its own images, whose answers are dropped.
        asked = np.resize(images, (fixed, *images.shape[1:])) if fixed else images
        parts.append(np.asarray(model(asked, training=False))[: len(images)])
    values: NDArray[np.float32] = np.concatenate(parts).astype(np.float32)
    return values


def _opens(model: Any) -> bool:
    """Whether the model takes any number of images, whatever batch it was saved with."""
    shape = model.input_shape
    if shape[0] is None:
        return True
    try:
        opened: bool = model(_input(None, shape[1:])).shape[0] is None
    except (ValueError, TypeError, RuntimeError, tensorflow().errors.OpError):
        return False
    return opened


def _input(batch: int | None, shape: tuple[int, ...]) -> Any:
    keras = tensorflow().keras
    return keras.Input(batch_shape=(batch, *shape), dtype="float32", name="pixels")


def _preprocessed(pixels: Any, preprocess: Preprocess) -> Any:
    keras = tensorflow().keras
    values = pixels
    if preprocess.bgr:
        # Not `flip`: the converter (2.21) gives its int8 output another scale than its input, which
        # the operation then does not apply.
        values = keras.ops.take(values, [2, 1, 0], axis=-1)
    if preprocess.scale == (1.0,) and preprocess.offset == (0.0,):
        return values
    ends = (preprocess.scale, preprocess.offset)
    scale, offset = (one[0] if len(one) == 1 else list(one) for one in ends)
    return keras.layers.Rescaling(scale, offset=offset, name="preprocess")(values)
