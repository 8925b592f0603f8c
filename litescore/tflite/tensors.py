"""What a .tflite file says of its inputs and outputs, read without a runtime."""

from __future__ import annotations

from dataclasses import dataclass

from litescore.tflite import flatbuffer, wholeness
from litescore.tflite.flatbuffer import Table

# In the order of TensorType in TensorFlow Lite's schema.fbs.
_TYPES = (
    "float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64",
    "int8", "float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4",
    "bfloat16", "int2", "uint4",
)  # fmt: skip


@dataclass(frozen=True)
class Tensor:
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


@dataclass(frozen=True)
class Tensors:
    """The inputs and outputs of a model's first graph, in order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read(model: bytes) -> Tensors:
    """The inputs and outputs of a .tflite file. Raises ModelError for bytes that are no model."""
    wholeness.check(model)
    graphs = flatbuffer.root(model).tables(2)
    if not graphs:
        return Tensors((), ())
    tensors = graphs[0].tables(0)
    inputs, outputs = (
        tuple(_tensor(tensors[number]) for number in graphs[0].vector(field, "i"))
        for field in (1, 2)
    )
    return Tensors(inputs, outputs)


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
