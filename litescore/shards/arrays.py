"""Arrays of pictures: .npz and IDX, read row by row."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import PermanentError
from litescore.shards.archives import opened_member, opened_zip, ungzipped
from litescore.shards.member import Limits, Member, exactly

_UNSIGNED_BYTE = 0x08
_NPY: Any = np.lib.format  # of which numpy does not type all


def read_npz(data: bytes, limits: Limits) -> Iterator[Member]:
    """The pictures of a NumPy archive: of its arrays x_*, or of all that can be pictures."""
    with opened_zip(data) as archive:
        entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
        # Keras' names, where an archive has them; else every array that can be pictures.
        named = [entry for entry in entries if entry.filename.startswith("x_")]
        for entry in named or entries:
            limits.check_total(entry.file_size)
            with opened_member(archive, entry) as stream:
                shape, dtype, by_column = _npy_header(stream)
                if not named and not _are_pictures(shape, dtype):
                    continue
                if dtype != np.uint8 or by_column:
                    order = ", by column" if by_column else ""
                    raise PermanentError(
                        "unsupported", f"{entry.filename} is {dtype}{list(shape)}{order}, not uint8"
                    )
                name = entry.filename.removesuffix(".npy")
                for index, pixels in enumerate(_rows(stream, shape, limits)):
                    yield Member(f"{name}[{index}]", pixels)


def _npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    version = _NPY.read_magic(stream)
    if version != (1, 0):
        raise PermanentError("unsupported", f".npy version {version}, not (1, 0)")
    shape, by_column, dtype = _NPY.read_array_header_1_0(stream)
    return shape, dtype, by_column


def _are_pictures(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return dtype == np.uint8 and (len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3)))


def read_idx(data: bytes, limits: Limits) -> Iterator[Member]:
    """The pictures of an IDX file, gzipped or not."""
    stream: IO[bytes] = io.BytesIO(data)
    if data[:2] == b"\x1f\x8b":
        stream = ungzipped(data)
    zeros, kind, rank = struct.unpack(">HBB", exactly(stream, 4))
    if (zeros, kind) != (0, _UNSIGNED_BYTE):
        raise PermanentError("unsupported", "not an IDX file of unsigned bytes")
    shape = struct.unpack(f">{rank}I", exactly(stream, 4 * rank))
    for index, pixels in enumerate(_rows(stream, shape, limits)):
        yield Member(str(index), pixels)


def _rows(stream: IO[bytes], shape: tuple[int, ...], limits: Limits) -> Iterator[NDArray[np.uint8]]:
    """uint8[n, ...] from a stream, one picture at a time; whole, and no byte more."""
    if not _are_pictures(shape, np.dtype(np.uint8)):
        raise PermanentError("unsupported", f"uint8{list(shape)} is not [n, h, w] or [n, h, w, 3]")
    count, height, width, *colors = shape
    if not 0 < height * width <= limits.pixels:
        raise PermanentError("too-large", f"{width} x {height} pixels, of {limits.pixels:,} in all")
    size = height * width * (colors[0] if colors else 1)
    limits.check_total(count * size)
    for _ in range(count):
        yield np.frombuffer(exactly(stream, size), np.uint8).reshape(shape[1:])
    if stream.read(1):
        raise PermanentError("corrupt", f"more bytes than uint8{list(shape)} has")
