"""SavedModel -> .tflite bytes in one variant. The one door to TensorFlow and its converter."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from litescore.errors import MissingDependency, ModelError
from litescore.terminal import hushed

Frames: TypeAlias = Callable[[], Iterator[list[NDArray[np.float32]]]]


def convert(
    saved: Path,
    variant: str,
    calibration: NDArray[np.uint8],
    batch: int | None = None,
    *,
    one_scale: bool = False,
) -> bytes:
    """A graph as .tflite bytes in one variant.

    saved        folder of a SavedModel from raw float32 pixels to probabilities, as `graph.Saved`
                 writes it
    calibration  uint8[n, h, w, c], raw pixels, used by the variants of whole numbers only
    batch        of the graph, where it is fixed
    one_scale    the int8 weights of a dense layer share one scale, else each unit has its own;
                 `dynamic` shares always

    Raises ModelError with the converter's reason, and for a model that TFLite's own operations
    cannot express.
    """
    tf = tensorflow()
    # Asking it says much on standard error, of the converter's own code.
    with hushed():
        lite = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    lite._experimental_disable_per_channel_quantization_for_dense_layers = one_scale
    _RECIPES[variant](lite, tf, partial(frames, calibration, batch or 1))
    try:
        # The converter tells of its temporary folder on standard output.
        with hushed(tell_on_error=True), redirect_stdout(io.StringIO()):
            converted: bytes = lite.convert()
    except Exception as error:  # the converter raises whatever its passes raise
        raise ModelError(f"cannot convert to {variant}: {_reason(str(error))}") from error
    return converted


def frames(calibration: NDArray[np.uint8], batch: int) -> Iterator[list[NDArray[np.float32]]]:
    """The representative dataset as the converter asks for it: float32[batch, h, w, c] each."""
    if len(calibration) < batch:
        calibration = np.resize(calibration, (batch, *calibration.shape[1:]))
    last = len(calibration) - batch
    # A fixed batch takes whole batches only; the last one overlaps so that no image is lost.
    for start in [*range(0, last, batch), last]:
        yield [calibration[start : start + batch].astype(np.float32)]


def tensorflow() -> Any:
    """The tensorflow module, imported without its start-up chatter."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with hushed():
            import tensorflow as tf
    except ModuleNotFoundError as error:
        raise MissingDependency("tensorflow", extra="train") from error
    return tf


def _f32(_lite: Any, _tf: Any, _frames: Frames) -> None:
    """Floats as they are."""


def _f16(lite: Any, tf: Any, _frames: Frames) -> None:
    """Half the size; weights as float16, computed in float32."""
    lite.optimizations = [tf.lite.Optimize.DEFAULT]
    lite.target_spec.supported_types = [tf.float16]


def _dynamic(lite: Any, tf: Any, _frames: Frames) -> None:
    """Weights as int8, activations as floats."""
    lite.optimizations = [tf.lite.Optimize.DEFAULT]
    # A scale for each unit would need FULLY_CONNECTED version 12, which tflite-runtime 2.14 lacks.
    lite._experimental_disable_per_channel_quantization_for_dense_layers = True


def _int8(lite: Any, tf: Any, frames: Frames) -> None:
    """Weights and activations as int8; raw uint8 pixels in, uint8 probabilities out."""
    _int8_float_io(lite, tf, frames)
    lite.inference_input_type = tf.uint8
    lite.inference_output_type = tf.uint8


def _int8_float_io(lite: Any, tf: Any, frames: Frames) -> None:
    """As int8, but the pixels come and the probabilities go as floats."""
    lite.optimizations = [tf.lite.Optimize.DEFAULT]
    lite.representative_dataset = frames
    lite.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]


def _int16x8(lite: Any, tf: Any, frames: Frames) -> None:
    """Weights as int8, activations as int16: nearly float's accuracy; floats in and out."""
    lite.optimizations = [tf.lite.Optimize.DEFAULT]
    lite.representative_dataset = frames
    ops = tf.lite.OpsSet
    lite.target_spec.supported_ops = [
        ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    ]


_RECIPES = {
    "f32": _f32,
    "f16": _f16,
    "dynamic": _dynamic,
    "int8": _int8,
    "int8-float-io": _int8_float_io,
    "int16x8": _int16x8,
}


def _reason(message: str) -> str:
    """One line of what the converter said; operations that TFLite lacks by their names."""
    lacking = re.search(r"(TF Select|Flex|Custom) ops: ([\w, .:]+)", message)
    if lacking:
        return (
            f"TFLite has no {lacking[2].strip(' ,')} and litescore's runtimes carry no TensorFlow "
            "operations: replace that layer"
        )
    return next((line.strip() for line in message.splitlines() if line.strip()), "no reason given")
