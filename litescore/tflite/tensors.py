"""What a .tflite file says of its inputs and outputs, read without a runtime."""

from __future__ import annotations

from typing import NamedTuple

from litescore.errors import ModelError
from litescore.tflite import flatbuffer, wholeness
from litescore.tflite.flatbuffer import Table

# In the order of TensorType in TensorFlow Lite's schema.fbs.
_TYPES = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64",
    "int8", "float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4",
    "bfloat16", "int2", "uint4",
)  # fmt: skip


class Tensor(NamedTuple):
    """One input or output.

    shape       -1 where it is open, as the batch often is
    dtype       `uint8`, `float32` or what else the schema names; `type 99` where it does not
    scale       0.0 where nothing is quantized, or not by one scale for the whole tensor
    zero_point  what stands for 0.0
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0

    def __str__(self) -> str:
        quantized = f", scale {self.scale:g}, zero point {self.zero_point}" if self.scale else ""
        return f"{self.dtype}{list(self.shape)}{quantized}"


class Tensors(NamedTuple):
    """The inputs and outputs of a model's first graph, in order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read(model: bytes) -> Tensors:
    """The inputs and outputs of a .tflite file. Raises ModelError as `tables` does."""
    inputs, outputs = (tuple(map(_tensor, held)) for held in tables(model))
    return Tensors(inputs, outputs)


def tables(model: bytes) -> tuple[list[Table], list[Table]]:
    """Where in the file the tensors lie that are its inputs, and those that are its outputs.

    Raises ModelError for bytes that are no whole model, and for a graph that names a tensor which
    it does not have.
    """
    wholeness.check(model)
    graphs = flatbuffer.root(model).tables(2)
    if not graphs:
        return [], []
    return _ends(graphs[0], 1, "inputs"), _ends(graphs[0], 2, "outputs")


def _ends(graph: Table, field: int, what: str) -> list[Table]:
    tensors, numbers = graph.tables(0), graph.vector(field, "i")
    for number in numbers:
        # Runtimes let -1 pass, as the operators' word for none, and then trip over it.
        if not 0 <= number < len(tensors):
            raise ModelError(
                f"the {what} name tensor {number}, the graph has {len(tensors)}: "
                "copy or export the model again"
            )
    return [tensors[number] for number in numbers]


def _tensor(held: Table) -> Tensor:
    code = held.number(1, "b")
    quantization = held.table(4)
    scales = quantization.vector(2, "f") if quantization else ()
    points = quantization.vector(3, "q") if quantization else ()
    return Tensor(
        name=held.text(3),
        shape=held.vector(7, "i") or held.vector(0, "i"),
        dtype=_TYPES[code] if 0 <= code < len(_TYPES) else f"type {code}",
        scale=scales[0] if len(scales) == 1 else 0.0,
        zero_point=points[0] if len(scales) == len(points) == 1 else 0,
    )
