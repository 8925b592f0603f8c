"""Changing a .tflite file through the schema that ships in LiteRT's wheel."""

from __future__ import annotations

from collections.abc import Callable

import flatbuffers
from ai_edge_litert import schema_py_generated as schema


def edited(model: bytes, change: Callable[[schema.ModelT], None]) -> bytes:
    """The model unpacked, given to `change`, and packed anew."""
    held = schema.ModelT.InitFromPackedBuf(model)
    change(held)
    builder = flatbuffers.Builder(1024)
    builder.Finish(held.Pack(builder), b"TFL3")
    return bytes(builder.Output())
