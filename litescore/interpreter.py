"""Picks the TFLite runtime and wraps its interpreter. The only import of either runtime.

`ai-edge-litert` where it works, else `tflite-runtime`; LITESCORE_RUNTIME decides otherwise. A
runtime counts only when it has invoked a model: under numpy 2 tflite-runtime imports without a
word and then fails to build an interpreter.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from litescore.errors import ConfigurationError, ModelError
from litescore.settings import RUNTIMES, Settings
from litescore.terminal import hushed
from litescore.tflite import tensors

_PACKAGES = {"litert": "ai_edge_litert", "tflite-runtime": "tflite_runtime"}
# x + x on two floats: built by tf.lite.TFLiteConverter from a tf.function of that one line.
# By os.path: pathlib would make a function's start a millisecond longer.
_PROBE = os.path.join(os.path.dirname(__file__), "probe.tflite")  # noqa: PTH118, PTH120

# Larger batches gain nothing: 28 x 28 is as fast at 32 as at 256, and 224 x 224 x 3 is faster at 6
# than at 32, whose activations leave the processor's cache.
_LARGEST_BATCH = 32
_BATCH_VALUES = 2**20
_ARM = ("aarch64", "arm64", "armv7l", "armv6l")


class Runtime(NamedTuple):
    """A TFLite runtime that has invoked a model here."""

    name: str
    version: str
    module: Any

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class TensorInfo(NamedTuple):
    """What the interpreter says of an input or output.

    shape is the full shape, -1 for a dynamic batch; scale is 0.0 where nothing is quantized.
    """

    number: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int


class Graph:
    """One model of any number of inputs and outputs, in one runtime.

    Raises ModelError for bytes that the runtime refuses, with what it said.
    """

    def __init__(self, model: bytes, runtime: Runtime, *, threads: int = 1) -> None:
        self.runtime = runtime
        with hushed(_is_chatter):
            self._interpreter = _build(model, runtime, threads)
        self.inputs = tuple(map(_info, self._interpreter.get_input_details()))
        self.outputs = tuple(map(_info, self._interpreter.get_output_details()))

    def resize(self, batch: int) -> None:
        """Take `batch` images an invocation, at each input whose batch dimension is dynamic.

        Raises ModelError for a graph that says so and then cannot.
        """
        try:
            with hushed(_is_chatter):
                for taken in self.inputs:
                    if taken.shape[:1] == (-1,):
                        shape = [batch, *taken.shape[1:]]
                        self._interpreter.resize_tensor_input(taken.number, shape, strict=True)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{self.runtime} cannot take {batch} images at once: {_first_line(error)}"
            ) from error

    def run(self, tensors: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """All outputs (copies) for a tensor of each input's shape and dtype, in order."""
        for taken, tensor in zip(self.inputs, tensors, strict=True):
            self._interpreter.set_tensor(taken.number, tensor)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(given.number) for given in self.outputs]

    def operations(self) -> list[str]:
        """Names of the graph's operations in order; delegates are not among them."""
        # Private in both runtimes, and the one way to the names; there since TensorFlow 2.3.
        details = self._interpreter._get_ops_details()
        return [str(op["op_name"]) for op in details if op["op_name"] != "DELEGATE"]


class Interpreter(Graph):
    """One model, one input and one output, in one runtime.

    Raises ModelError as Graph does, and for a model of another number of inputs or outputs.
    """

    def __init__(self, model: bytes, runtime: Runtime, *, threads: int = 1) -> None:
        super().__init__(model, runtime, threads=threads)
        self.input, self.output = _only(self.inputs, "input"), _only(self.outputs, "output")

    def invoke(self, batch: NDArray[Any]) -> NDArray[Any]:
        """The output tensor (a copy) for an input tensor of the interpreter's shape and dtype."""
        self._interpreter.set_tensor(self.input.number, batch)
        self._interpreter.invoke()
        output: NDArray[Any] = self._interpreter.get_tensor(self.output.number)
        return output

    def suitable_batch(self) -> int:
        """How many images one invocation should take."""
        # On Arm its dense layers round otherwise from the second image of a batch on, by up to
        # three steps: one image at a time answers there what every batch answers on x86.
        if self.runtime.name == "tflite-runtime" and platform.machine() in _ARM:
            return 1
        return suitable_batch(self.input.shape[1:])


def suitable_batch(shape: Sequence[int]) -> int:
    """How many images of this shape (height, width and channels) one invocation should take."""
    return max(1, min(_LARGEST_BATCH, _BATCH_VALUES // int(np.prod(shape))))


def choose(name: str | None = None) -> Runtime:
    """The runtime called `name`, or LITESCORE_RUNTIME, or the first that works.

    Raises ConfigurationError saying what was tried and how it failed.
    """
    name = name or Settings.read().runtime
    failures = []
    for candidate in [name] if name else RUNTIMES:
        found = _prove(candidate)
        if isinstance(found, Runtime):
            return found
        failures.append(f"{candidate}: {found}")
    raise ConfigurationError(
        f"no TFLite interpreter works here ({'; '.join(failures)}): "
        "pip install 'litescore[litert]', or 'litescore[edge]' on a Raspberry Pi"
    )


def available() -> list[Runtime]:
    """Every runtime that works here, the preferred one first."""
    return [found for name in RUNTIMES if isinstance(found := _prove(name), Runtime)]


@cache
def _prove(name: str) -> Runtime | str:
    """The runtime, or why it does not work."""
    if name not in _PACKAGES:
        return f"unknown, one of {', '.join(_PACKAGES)}"
    with hushed():
        try:
            return _probe(name, _PACKAGES[name])
        except ModuleNotFoundError as error:
            return "not installed" if error.name == _PACKAGES[name] else _first_line(error)
        except Exception as error:  # noqa: BLE001 - whatever a broken binary raises, it fails
            return _first_line(error)


def _probe(name: str, package: str) -> Runtime:
    module = import_module(f"{package}.interpreter")
    # The package's own word: to ask importlib.metadata costs as much as to load a model.
    runtime = Runtime(name, import_module(package).__version__, module)
    with open(_PROBE, "rb") as file:  # noqa: PTH123
        probe = Interpreter(file.read(), runtime)
    answer = probe.invoke(np.array([[1.5, -2.0]], np.float32))
    if answer.tolist() != [[3.0, -4.0]]:
        raise ModelError(f"wrong answer {answer.tolist()}")
    return runtime


def _build(model: bytes, runtime: Runtime, threads: int) -> Any:
    tensors.read(model)
    try:
        interpreter = runtime.module.Interpreter(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{runtime} cannot load the model: {_first_line(error)}") from error
    return interpreter


def _info(detail: dict[str, Any]) -> TensorInfo:
    shape = detail["shape_signature"] if len(detail["shape_signature"]) else detail["shape"]
    scale, zero_point = detail["quantization"]
    return TensorInfo(
        number=detail["index"],
        shape=tuple(int(side) for side in shape),
        dtype=np.dtype(detail["dtype"]),
        scale=float(scale),
        zero_point=int(zero_point),
    )


def _only(held: tuple[TensorInfo, ...], what: str) -> TensorInfo:
    if len(held) != 1:
        raise ModelError(f"the model has {len(held)} {what}s; litescore scores models with one")
    return held[0]


def _is_chatter(line: bytes) -> bool:
    return line.startswith((b"INFO:", b"WARNING: All log messages"))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
