"""Named metadata put into a .tflite file without touching a byte of the model in it.

Packing a model anew, as other writers of metadata do, moves its weights, and older tools lose what
they do not know. Instead a new head goes in front: the model's first table again, its offsets
leading on into the original, with one more buffer and one more entry of metadata. Behind the head
the original lies whole, at a multiple of 64, so that taking the head off gives it back.

    [root] TFL3 [mark] [length of the head] [new tables] [zeros] [the original, TFL3 and all]

Knows the fields of Model, Buffer, Metadata and Operator in TensorFlow Lite's schema.fbs.
"""

from __future__ import annotations

import struct
from typing import Any

from litescore.errors import ModelError
from litescore.tflite import flatbuffer, wholeness
from litescore.tflite.flatbuffer import Table

_IDENTIFIER = b"TFL3"
_MARK = b"litescor"
# Behind root and identifier: the mark, the length of the head, and as much again unused.
_NOTE = struct.Struct("<8sI4x")
_NOTE_AT = 8
# Weights may be read where they lie, by instructions that want them aligned.
_ALIGNMENT = 64

# Fields of Model: the version is a number, all others are offsets.
_VERSION, _SUBGRAPHS, _BUFFERS, _METADATA, _FIELDS = 0, 2, 4, 6, 10
_OPERATORS = 3
_BUFFER_OFFSET, _LARGE_OPTIONS_OFFSET = 1, 9
# Stands in the new tables until it is known where they lie.
_LATER = 0xFFFFFFFF


def attach(model: bytes, name: str, content: bytes) -> bytes:
    """`model` with `content` as its metadata `name`; metadata of that name is left out of sight.

    Raises ModelError for bytes that are no whole model, and for one whose weights lie at absolute
    places of the file, as those above 2 GB do.
    """
    model = detach(model)
    wholeness.check(model)
    old = flatbuffer.root(model)
    _check_movable(old)
    metadata = [entry for entry in old.tables(_METADATA) if entry.text(0) != name]
    built = _build(old, len(metadata), name, content)
    head = bytearray(built[:_NOTE_AT] + _NOTE.pack(_MARK, 0) + built[_NOTE_AT:])
    head += bytes(-len(head) % _ALIGNMENT)
    struct.pack_into("<I", head, 0, struct.unpack_from("<I", built)[0] + _NOTE.size)
    _NOTE.pack_into(head, _NOTE_AT, _MARK, len(head))
    _lead_on(head, old, metadata)
    return bytes(head) + model


def detach(model: bytes) -> bytes:
    """The model as it was before `attach`; any other is given back as it is."""
    if len(model) < _NOTE_AT + _NOTE.size or model[4:8] != _IDENTIFIER:
        return model
    mark, length = _NOTE.unpack_from(model, _NOTE_AT)
    original = mark == _MARK and model[length + 4 : length + 8] == _IDENTIFIER
    return model[length:] if original else model


def content(model: bytes, name: str) -> bytes | None:
    """The metadata `name` of a whole model, None where it carries none."""
    held = flatbuffer.root(model)
    buffers = held.tables(_BUFFERS)
    for entry in held.tables(_METADATA):
        number = entry.number(1, "I")
        if entry.text(0) == name and number < len(buffers):
            return buffers[number].content(0)
    return None


def _check_movable(model: Table) -> None:
    operators = [one for graph in model.tables(_SUBGRAPHS) for one in graph.tables(_OPERATORS)]
    # 0 and 1 stand for none.
    if any(one.number(_BUFFER_OFFSET, "Q") > 1 for one in model.tables(_BUFFERS)) or any(
        one.number(_LARGE_OPTIONS_OFFSET, "Q") > 1 for one in operators
    ):
        raise ModelError(
            "the weights lie outside the model's tables, as the converter puts them above 2 GB: "
            "litescore cannot describe such a file; convert a smaller model"
        )
    if model.fields > _FIELDS:
        raise ModelError("the file is of a newer schema than this litescore knows: upgrade it")


def _build(old: Table, metadata: int, name: str, content: bytes) -> bytes:
    """The head's tables, with `_LATER` wherever something of the original belongs."""
    # Only writers of files need the package: where models are scored it need not be.
    import flatbuffers

    builder = flatbuffers.Builder(len(content) + 1024)
    buffer = _buffer(builder, content)
    entry = _entry(builder, name, len(old.places(_BUFFERS)))
    buffers = _vector(builder, len(old.places(_BUFFERS)), buffer)
    entries = _vector(builder, metadata, entry)
    builder.StartObject(_FIELDS)
    builder.PrependUint32Slot(_VERSION, old.number(_VERSION, "I"), 0)
    builder.PrependUOffsetTRelativeSlot(_BUFFERS, buffers, 0)
    builder.PrependUOffsetTRelativeSlot(_METADATA, entries, 0)
    for field in _shared(old):
        builder.PrependUint32Slot(field, _LATER, 0)
    builder.Finish(builder.EndObject(), _IDENTIFIER)
    return bytes(builder.Output())


def _shared(old: Table) -> list[int]:
    """The fields of the original that the head leads on to as they are."""
    own = (_VERSION, _BUFFERS, _METADATA)
    return [n for n in range(_FIELDS) if n not in own and old.place(n) is not None]


def _lead_on(head: bytearray, old: Table, metadata: list[Table]) -> None:
    """Fill in the offsets that lead from the head into the original behind it."""
    new = flatbuffer.root(bytes(head))
    pairs = [(new.place(field), old.target(field)) for field in _shared(old)]
    pairs += zip(new.places(_BUFFERS), (table.at for table in old.tables(_BUFFERS)), strict=False)
    pairs += zip(new.places(_METADATA), (table.at for table in metadata), strict=False)
    for place, target in pairs:
        if place is not None and target is not None:
            struct.pack_into("<I", head, place, len(head) + target - place)


def _buffer(builder: Any, content: bytes) -> int:
    builder.StartVector(1, len(content), 16)
    builder.head -= len(content)
    builder.Bytes[builder.head : builder.head + len(content)] = content
    data = builder.EndVector()
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(0, data, 0)
    return int(builder.EndObject())


def _entry(builder: Any, name: str, buffer: int) -> int:
    text = builder.CreateString(name)
    builder.StartObject(2)
    builder.PrependUOffsetTRelativeSlot(0, text, 0)
    builder.PrependUint32Slot(1, buffer, 0)
    return int(builder.EndObject())


def _vector(builder: Any, others: int, last: int) -> int:
    """A vector of tables: `others` that come later, and `last`."""
    builder.StartVector(4, others + 1, 4)
    builder.PrependUOffsetTRelative(last)
    for _ in range(others):
        builder.PrependUint32(_LATER)
    return int(builder.EndVector())
