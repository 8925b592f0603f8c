"""Whether a .tflite file is whole: what a runtime follows in it must lie inside it.

LiteRT looks for itself. tflite-runtime follows offsets blindly: half a file, as an interrupted copy
leaves it, ends the process without a word. This walks the tables of the schema (tensorflow/compiler/
mlir/lite/schema/schema.fbs) far enough to tell; it does not know what they mean.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from litescore.errors import ModelError

_IDENTIFIER = b"TFL3"


class _Vector(NamedTuple):
    """Elements of so many bytes each; a string is a vector of bytes."""

    size: int


class _Tables(NamedTuple):
    """A vector of tables."""

    fields: _Fields


# Field number -> what its offset leads to; scalars lie inside their table.
_Fields: TypeAlias = Mapping[int, "_Vector | _Tables | _Fields"]

_BYTES, _INTS, _LONGS = _Vector(1), _Vector(4), _Vector(8)
_QUANTIZATION: _Fields = {0: _INTS, 1: _INTS, 2: _INTS, 3: _LONGS}
_TENSOR: _Fields = {0: _INTS, 3: _BYTES, 4: _QUANTIZATION, 7: _INTS}
_OPERATOR: _Fields = {1: _INTS, 2: _INTS, 4: {}, 5: _BYTES, 7: _BYTES, 8: _INTS}
_SUBGRAPH: _Fields = {0: _Tables(_TENSOR), 1: _INTS, 2: _INTS, 3: _Tables(_OPERATOR), 4: _BYTES}
_SIGNATURE: _Fields = {0: _Tables({0: _BYTES}), 1: _Tables({0: _BYTES}), 2: _BYTES}
_MODEL: _Fields = {
    1: _Tables({1: _BYTES}),
    2: _Tables(_SUBGRAPH),
    3: _BYTES,
    4: _Tables({0: _BYTES}),
    5: _INTS,
    6: _Tables({0: _BYTES}),
    7: _Tables(_SIGNATURE),
}
# How a .keras file (a zip) and an .h5 file begin.
_ARCHIVES = (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n")
_KERAS = (
    "it is a Keras model or another archive; `litescore export` makes a .tflite file of a model"
)


def check(model: bytes) -> None:
    """Raises ModelError for bytes that are no TFLite model, or only a part of one."""
    if model[4:8] != _IDENTIFIER:
        told = _KERAS if model.startswith(_ARCHIVES) else "TFL3 does not stand at its fifth byte"
        raise ModelError(f"not a TFLite model: {told}")
    try:
        _check_table(model, struct.unpack_from("<I", model)[0], _MODEL)
    except (struct.error, _OutsideError):
        raise ModelError("not a whole TFLite model: copy or export it again") from None


class _OutsideError(Exception):
    pass


def _check_table(data: bytes, at: int, fields: _Fields) -> None:
    shape = at - struct.unpack_from("<i", data, at)[0]
    if shape < 0:
        raise _OutsideError
    shape_size, size = struct.unpack_from("<HH", data, shape)
    _check_inside(data, shape, shape_size)
    _check_inside(data, at, size)
    for number, kind in fields.items():
        slot = 4 + 2 * number
        offset = struct.unpack_from("<H", data, shape + slot)[0] if slot < shape_size else 0
        if offset:
            _check_field(data, at + offset, kind)


def _check_field(data: bytes, at: int, kind: _Vector | _Tables | _Fields) -> None:
    at += struct.unpack_from("<I", data, at)[0]
    if isinstance(kind, Mapping):
        _check_table(data, at, kind)
        return
    count = struct.unpack_from("<I", data, at)[0]
    _check_inside(data, at + 4, count * (kind.size if isinstance(kind, _Vector) else 4))
    if isinstance(kind, _Tables):
        for place in range(at + 4, at + 4 + 4 * count, 4):
            _check_table(data, place + struct.unpack_from("<I", data, place)[0], kind.fields)


def _check_inside(data: bytes, at: int, size: int) -> None:
    if at + size > len(data):
        raise _OutsideError
