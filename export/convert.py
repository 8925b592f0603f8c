"""Keras model -> .tflite bytes. The only import of TensorFlow in this room."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.errors import ConfigurationError, MissingDependency, ModelError
from litescore.terminal import hushed

VARIANTS = ("f32", "f16", "dynamic", "int8")


def load_model(path: Path) -> Any:
    """The Keras model at `path`. Raises ModelError for a file that Keras cannot read."""
    tf = tensorflow()
    try:
        return tf.keras.models.load_model(path, compile=False)
    except (ValueError, OSError, TypeError) as error:
        raise ModelError(f"cannot load {path}: {str(error).splitlines()[0]}") from error


def probability_model(model: Any, contract: Contract, *, batch: int | None = None) -> Any:
    """The model on raw float32 pixels 0..255, ending in probabilities: logits get their softmax.

    `batch` fixes the batch dimension; None leaves it open. Raises ModelError when the model's
    input or output is not the contract's.
    """
    keras = tensorflow().keras
    shape = (contract.height, contract.width, contract.channels)
    if tuple(model.input_shape[1:]) != shape:
        raise ModelError(f"the model takes {model.input_shape[1:]}, its contract says {shape}")
    if tuple(model.output_shape[1:]) != (len(contract.labels),):
        raise ModelError(
            f"the model gives {model.output_shape[1:]}, its contract has "
            f"{len(contract.labels)} labels"
        )
    pixels = keras.Input(batch_shape=(batch, *shape), dtype="float32", name="pixels")
    outputs = model(pixels)
    if not _ends_in_softmax(model):
        outputs = keras.layers.Softmax(name="probabilities")(outputs)
    return keras.Model(pixels, outputs)


def predict(model: Any, tensors: NDArray[np.uint8], batch: int = 256) -> NDArray[np.float32]:
    """What the Keras model itself answers: uint8[n, h, w, c] -> float32[n, classes]."""
    parts = [
        np.asarray(model(tensors[i : i + batch].astype(np.float32), training=False))
        for i in range(0, len(tensors), batch)
    ]
    answers: NDArray[np.float32] = np.concatenate(parts).astype(np.float32)
    return answers


def convert(
    model: Any, contract: Contract, variant: str, calibration: NDArray[np.uint8], batch: int | None
) -> bytes:
    """The model as .tflite bytes in one variant.

    calibration  uint8[n, h, w, c], used by int8 only
    batch        images an invocation takes, None for a dynamic batch

    Raises ModelError with the converter's reason.
    """
    tf = tensorflow()
    lite = tf.lite.TFLiteConverter.from_keras_model(probability_model(model, contract, batch=batch))
    if variant == "int8":
        _int8(lite, tf, calibration, batch or 1)
    else:
        _RECIPES[variant](lite, tf)
    try:
        # The converter tells of its temporary folder on standard output.
        with hushed(tell_on_error=True), redirect_stdout(io.StringIO()):
            converted: bytes = lite.convert()
    except Exception as error:  # the converter raises whatever its passes raise
        raise ModelError(f"cannot convert to {variant}: {str(error).splitlines()[0]}") from error
    return converted


def tensorflow() -> Any:
    """The tensorflow module, imported without its start-up chatter."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with hushed():
            import tensorflow as tf
    except ModuleNotFoundError as error:
        raise MissingDependency("tensorflow", extra="train") from error
    return tf


def _f32(_lite: Any, _tf: Any) -> None:
    """Floats as they are."""


def _f16(lite: Any, tf: Any) -> None:
    """Half the size; weights as float16, computed in float32."""
    lite.optimizations = [tf.lite.Optimize.DEFAULT]
    lite.target_spec.supported_types = [tf.float16]


def _dynamic(lite: Any, tf: Any) -> None:
    """Weights as int8, activations as floats."""
    lite.optimizations = [tf.lite.Optimize.DEFAULT]
    # Per-channel weights would need FULLY_CONNECTED version 12, which tflite-runtime 2.14 lacks.
    lite._experimental_disable_per_channel_quantization_for_dense_layers = True


def _int8(lite: Any, tf: Any, calibration: NDArray[np.uint8], batch: int) -> None:
    """Weights and activations as int8; raw uint8 pixels in, uint8 probabilities out."""

    def frames() -> Iterator[list[NDArray[np.float32]]]:
        whole = len(calibration) // batch * batch
        # A fixed batch takes whole batches only; the last one overlaps so that none is lost.
        starts = [*range(0, whole, batch), *([len(calibration) - batch] if batch > 1 else [])]
        for start in starts:
            yield [calibration[start : start + batch].astype(np.float32)]

    if len(calibration) < batch:
        raise ConfigurationError(
            f"a fixed batch of {batch} needs as many images to calibrate, {len(calibration)} given"
        )
    lite.optimizations = [tf.lite.Optimize.DEFAULT]
    lite.representative_dataset = frames
    lite.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    lite.inference_input_type = tf.uint8
    lite.inference_output_type = tf.uint8


_RECIPES = {"f32": _f32, "f16": _f16, "dynamic": _dynamic}


def _ends_in_softmax(model: Any) -> bool:
    last = model.layers[-1]
    if type(last).__name__ == "Softmax":
        return True
    activation = getattr(last, "activation", None)
    kind = getattr(activation, "__name__", "linear")
    if kind not in ("softmax", "linear"):
        raise ModelError(
            f"the last layer ({last.name}) ends in {kind}: litescore exports softmax or logits"
        )
    return bool(kind == "softmax")
