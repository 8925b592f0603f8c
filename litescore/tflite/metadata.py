"""TFLite Metadata: what a model's image and its answers are, in the words of other tools.

MediaPipe, Android Studio and others read from it the colour, the normalization and the name of
the file of labels at the end of the model. Written by the numbers that the fields have in
metadata_schema.fbs 1.5.0 (identifier M001). Knows the contract; where in a file metadata lies is
`litescore.tflite.prefix`'s to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from litescore.contract import LABELS_FILE
from litescore.tflite import flatbuffer, prefix, tensors
from litescore.tflite.tensors import Tensor

if TYPE_CHECKING:
    from litescore.contract import Contract

NAME = "TFLITE_METADATA"

_IDENTIFIER = b"M001"
# All that stands here was there from the first version of the schema on.
_PARSER_VERSION = "1.0.0"
_TENSOR_AXIS_LABELS = 2
_COLOR_SPACES = {"rgb": 1, "gray": 2}
_FEATURE, _IMAGE = 1, 2
_NORMALIZATION, _SCORE_THRESHOLD = 1, 3

# A table is a tuple of its fields in the schema's order, None where one is left out; an int is a
# field of one byte, a float one of four.
_Value: TypeAlias = "str | int | float | tuple[Any, ...] | list[Any] | None"


def attach(model: bytes, contract: Contract) -> bytes:
    """`model`, described by its contract; what others described in it is left out of sight.

    Only one image in and one vector out can be told: another model is given back as it is, but for
    an earlier description. Raises ModelError for bytes that are no whole model.
    """
    model = prefix.detach(model)
    held = tensors.read(model)
    if len(held.inputs) != 1 or len(held.outputs) != 1:
        return model
    return prefix.attach(model, NAME, _write(contract, held.outputs[0]))


def detach(model: bytes) -> bytes:
    """The model without what `attach` added."""
    return prefix.detach(model)


def normalization(model: bytes) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and standard deviation by which a model's TFLite Metadata wants its first input
    normalized, ((0.0,), (1.0,)) for raw pixels; None where it says nothing of it.

    Raises ModelError for metadata that is broken.
    """
    found = prefix.content(model, NAME)
    if not found:
        return None
    graphs = flatbuffer.root(found).tables(3)
    inputs = graphs[0].tables(2) if graphs else []
    for unit in inputs[0].tables(4) if inputs else []:
        options = unit.table(1)
        if unit.number(0, "B") == _NORMALIZATION and options:
            return options.vector(0, "f"), options.vector(1, "f")
    return None


def mediapipe_refusal(model: bytes) -> str | None:
    """Why MediaPipe's ImageClassifier cannot read a model file; None where it can."""
    held = tensors.read(model)
    if len(held.inputs) != 1 or len(held.outputs) != 1:
        return "MediaPipe reads models of one image and one vector"
    taken, given = held.inputs[0], held.outputs[0]
    if len(taken.shape) != 4 or taken.shape[3] != 3:
        return "MediaPipe reads RGB only"
    if taken.shape[0] not in (-1, 1):
        return f"MediaPipe scores one image at a time, the batch is fixed at {taken.shape[0]}"
    if not {taken.dtype, given.dtype} <= {"float32", "uint8"}:
        return f"MediaPipe reads float32 and uint8, this is {taken.dtype} to {given.dtype}"
    # Of one unit for two labels it takes the value and names neither.
    if len(given.shape) != 2 or given.shape[1] == 1:
        return "MediaPipe reads one probability for each class"
    if taken.dtype == "float32" and normalization(model) is None:
        return "no TFLite Metadata tells how pixels are normalized: `litescore describe` adds it"
    return None


def _write(contract: Contract, given: Tensor) -> bytes:
    """The flatbuffer that describes a model with that output."""
    # Only writers of files need the package: where models are scored it need not be.
    import flatbuffers

    graph = (None, None, [_input(contract)], [_output(contract, given)])
    about = f"Tells {len(contract.labels)} classes of images apart."
    model = ("litescore", about, None, [graph], None, None, None, _PARSER_VERSION)
    builder = flatbuffers.Builder(1024)
    builder.Finish(_pack(builder, model), _IDENTIFIER)
    return bytes(builder.Output())


def _input(contract: Contract) -> tuple[_Value, ...]:
    about = f"Raw pixels 0 to 255, {contract.height} x {contract.width} {contract.color}."
    content = (_IMAGE, (_COLOR_SPACES[contract.color],))
    # Whatever normalization training had is inside the graph.
    raw = (_NORMALIZATION, ([0.0], [1.0]))
    return ("image", about, None, content, [raw], ([255.0], [0.0]))


def _output(contract: Contract, tensor: Tensor) -> tuple[_Value, ...]:
    units = []
    if contract.output == "multilabel":
        units.append((_SCORE_THRESHOLD, (contract.threshold,)))
    highest = 255.0 if tensor.dtype == "uint8" else 1.0
    files = []
    if tensor.shape[-1:] == (len(contract.labels),):
        files.append((LABELS_FILE, "Class names, in output order.", _TENSOR_AXIS_LABELS))
    content = (_FEATURE, ())
    stats = ([highest], [0.0])
    return ("probability", "Of each class.", None, content, units or None, stats, files or None)


def _pack(builder: Any, value: _Value) -> int:
    """Write a string, a vector or a table behind all that it holds; where it lies."""
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, list):
        return _pack_vector(builder, value)
    assert isinstance(value, tuple)
    return _pack_table(builder, value)


def _pack_vector(builder: Any, values: list[Any]) -> int:
    numbers = isinstance(values[0], float)
    held = values if numbers else [_pack(builder, value) for value in values]
    builder.StartVector(4, len(held), 4)
    for one in reversed(held):
        (builder.PrependFloat32 if numbers else builder.PrependUOffsetTRelative)(one)
    return int(builder.EndVector())


def _pack_table(builder: Any, fields: tuple[_Value, ...]) -> int:
    held = [
        _pack(builder, field) if isinstance(field, str | list | tuple) else None for field in fields
    ]
    builder.StartObject(len(fields))
    for number, field in enumerate(fields):
        if held[number] is not None:
            builder.PrependUOffsetTRelativeSlot(number, held[number], 0)
        elif isinstance(field, float):
            builder.PrependFloat32Slot(number, field, 0.0)
        elif isinstance(field, int):
            builder.PrependUint8Slot(number, field, 0)
    return int(builder.EndObject())
