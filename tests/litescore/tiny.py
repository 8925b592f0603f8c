"""Small real .tflite models, built in milliseconds: pixels -> one dense layer -> probabilities.

Written with the schema that ships in LiteRT's wheel, so that tests of the floor need no converter
and can have the shapes and scales that no exporter of ours would write.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int32": schema.TensorType.INT32,
    "uint8": schema.TensorType.UINT8,
    "int8": schema.TensorType.INT8,
}
_ENDINGS = {
    "softmax": (schema.BuiltinOperator.SOFTMAX, schema.BuiltinOptions.SoftmaxOptions),
    "sigmoid": (schema.BuiltinOperator.LOGISTIC, schema.BuiltinOptions.NONE),
}
# The oldest runtime that has what these models need.
RUNTIME = "1.14.0"
# Of the output of softmax and of LOGISTIC: 256 steps from 0 to 1.
PROBABILITY = 1 / 256
_RAW = {"float32": (0.0, 0), "uint8": (1.0, 0), "int8": (1.0, -128)}
_LOGIT = 1 / 8


def build(
    shape: tuple[int, ...] = (4, 3, 1),
    classes: int = 3,
    *,
    dtype: str = "float32",
    batch: int | None = None,
    ending: str | None = "softmax",
    quantization: tuple[float, int] | None = None,
    inputs: int = 1,
    outputs: int = 1,
    version: int = 4,
    reshape_to: int = -1,
) -> bytes:
    """A model that takes [batch, *shape] and gives [batch, classes].

    dtype         float32, uint8 or int8, of input and output
    batch         None for a dynamic one
    ending        `softmax`, `sigmoid`, or None for logits
    quantization  scale and zero point of the input; raw pixels by default
    inputs, outputs  how many the graph declares; only the first counts
    version       of the dense layer's operation
    reshape_to    the batch that the graph itself goes on with; -1 for the input's
    """
    graph = _Graph(batch, version)
    lowest = {"int8": -128}.get(dtype, 0)
    given = quantization or _RAW[dtype]
    probability = (PROBABILITY, lowest) if dtype != "float32" else (0.0, 0)
    middle = (_LOGIT, lowest + 128) if dtype != "float32" else (0.0, 0)
    size = int(np.prod(shape))

    pixels = graph.tensor(shape, dtype, given)
    flat = graph.tensor((size,), dtype, given)
    logits = graph.tensor((classes,), dtype, middle)
    graph.reshape(pixels, flat, (reshape_to, size))
    graph.dense(flat, logits, weights(size, classes), dtype)
    answer = logits
    if ending:
        answer = graph.tensor((classes,), dtype, probability)
        graph.end(logits, answer, ending)
    spare = [graph.tensor(shape, dtype, given) for _ in range(inputs - 1)]
    given_out = [answer, logits][:outputs]
    return graph.pack([pixels, *spare], given_out)


def weights(size: int, classes: int) -> NDArray[np.int8]:
    """The dense layer's weights before scaling by WEIGHT: int8[classes, size]."""
    return np.random.default_rng(7).integers(-100, 101, (classes, size)).astype(np.int8)


WEIGHT = 1 / 8192


class _Graph:
    """Tensors, buffers and operators of one subgraph as they are added."""

    def __init__(self, batch: int | None, version: int) -> None:
        self.batch, self.version = batch, version
        self.buffers = [schema.BufferT()]
        self.tensors: list[Any] = []
        self.codes: list[Any] = []
        self.operators: list[Any] = []

    def tensor(self, shape: tuple[int, ...], dtype: str, quantization: tuple[float, int]) -> int:
        """An activation of [batch, *shape]; its index."""
        return self._add([self.batch or 1, *shape], dtype, quantization, None, self.batch is None)

    def reshape(self, taken: int, given: int, shape: tuple[int, int]) -> None:
        wanted = self._add([2], "int32", (0.0, 0), np.array(shape, np.int32))
        code = schema.BuiltinOperator.RESHAPE
        self._operate(code, schema.BuiltinOptions.NONE, None, [taken, wanted], given)

    def dense(self, taken: int, given: int, values: NDArray[np.int8], dtype: str) -> None:
        code = schema.BuiltinOperator.FULLY_CONNECTED
        kind = schema.BuiltinOptions.FullyConnectedOptions
        if dtype == "float32":
            data: NDArray[Any] = values.astype(np.float32) * np.float32(WEIGHT)
            held = self._add(list(values.shape), dtype, (0.0, 0), data)
        elif dtype == "int8":
            held = self._add(list(values.shape), dtype, (WEIGHT, 0), values)
        else:
            data = (values.astype(np.int16) + 128).astype(np.uint8)
            held = self._add(list(values.shape), dtype, (WEIGHT, 128), data)
        self._operate(code, kind, schema.FullyConnectedOptionsT(), [taken, held, -1], given)

    def end(self, taken: int, given: int, ending: str) -> None:
        code, kind = _ENDINGS[ending]
        options = None
        if ending == "softmax":
            options = schema.SoftmaxOptionsT()
            options.beta = 1.0
        self._operate(code, kind, options, [taken], given)

    def pack(self, inputs: list[int], outputs: list[int]) -> bytes:
        """The whole as a .tflite file."""
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = inputs, outputs
        model = schema.ModelT()
        model.version = 3
        model.buffers, model.operatorCodes, model.subgraphs = self.buffers, self.codes, [graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _add(
        self,
        shape: list[int],
        dtype: str,
        quantization: tuple[float, int],
        data: NDArray[Any] | None,
        dynamic: bool = False,
    ) -> int:
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.name = shape, _TYPES[dtype], f"t{len(self.tensors)}"
        tensor.shapeSignature = [-1, *shape[1:]] if dynamic else shape
        scale, zero_point = quantization
        if scale:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = [scale]
            tensor.quantization.zeroPoint = [zero_point]
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _operate(self, code: int, kind: int, options: Any, taken: list[int], given: int) -> None:
        operation = schema.OperatorCodeT()
        operation.builtinCode = operation.deprecatedBuiltinCode = code
        dense = code == schema.BuiltinOperator.FULLY_CONNECTED
        operation.version = self.version if dense else 1
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.codes)
        operator.inputs, operator.outputs = taken, [given]
        operator.builtinOptionsType, operator.builtinOptions = kind, options
        self.codes.append(operation)
        self.operators.append(operator)
