"""The zip at the end of a .tflite file, with its associated files. It does not know what they say."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

from litescore.errors import ContractError

if TYPE_CHECKING:
    from zipfile import ZipFile

# A zip begins with its first file, or with its end where it is empty.
_FILE, _END = b"PK\x03\x04", b"PK\x05\x06"
# APPNOTE.TXT 4.3.16: end of central directory; 4.3.12: an entry of it; 4.3.7: a file's own header.
_DIRECTORY = struct.Struct("<4s4xHH2L2x")
_ENTRY = struct.Struct("<4s2x3H4x3L3H8xL")
_ENTRY_MAGIC = b"PK\x01\x02"
# The version of the format that a file stored plainly needs.
_VERSION = 20
_NAMES = struct.Struct("<26x2H")


def read(data: bytes, name: str) -> bytes | None:
    """One file of the zip, None where there is no such file or no zip.

    Raises ContractError for one that is broken.
    """
    # As litescore writes it: to import zipfile takes longer than all else that a model's start does.
    found = _stored(data, name.encode())
    if found is not None:
        return found
    tail = opened(data)
    return content(tail, name) if tail and name in tail.namelist() else None


def opened(data: bytes) -> ZipFile | None:
    """The zip at the end of a file, None where there is none that can be listed."""
    import zipfile

    try:
        tail = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return None
    begins = start(tail)
    return tail if data[begins : begins + 4] in (_FILE, _END) else None


def start(tail: ZipFile) -> int:
    """Where in the file the zip begins."""
    return min((entry.header_offset for entry in tail.infolist()), default=tail.start_dir)


def content(tail: ZipFile, name: str) -> bytes:
    """One file of the zip. Raises ContractError for one that is broken."""
    try:
        return tail.read(name)
    except Exception as error:
        # BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error, by what is broken.
        raise ContractError(
            f"{name!r} at the end of the model file is broken ({error}): copy or export it again"
        ) from error


def _stored(data: bytes, name: bytes) -> bytes | None:
    """One file of a zip that is plainly written and whole: stored, not encrypted, no comment."""
    try:
        return _plain(data, name)
    except struct.error:
        return None


def _plain(data: bytes, name: bytes) -> bytes | None:
    end = len(data) - _DIRECTORY.size
    magic, _, entries, size, offset = _DIRECTORY.unpack_from(data, end)
    if magic != _END or size > end:
        return None
    found, at = None, end - size
    # Written behind a model, a zip may count from its own beginning or from the file's.
    shift = at - offset
    for _ in range(entries):
        magic, age, flags, method, check, packed, length, *sizes, header = _ENTRY.unpack_from(
            data, at
        )
        if magic != _ENTRY_MAGIC or age > _VERSION:
            return None
        begin = at + _ENTRY.size
        if data[begin : begin + sizes[0]] == name:
            # Of files of one name the last holds.
            found = (flags, method, check, packed, length, header + shift)
        at = begin + sum(sizes)
    return _checked(data, *found) if found else None


def _checked(
    data: bytes, flags: int, method: int, check: int, packed: int, length: int, header: int
) -> bytes | None:
    if flags or method or packed != length or data[header : header + 4] != _FILE:
        return None
    begin = header + 30 + sum(_NAMES.unpack_from(data, header))
    held = data[begin : begin + length]
    return held if zlib.crc32(held) == check else None
