"""One array of decoded images on disk, and how one knows that it is whole.

An entry is a folder of two files. `pixels.npy` is uint8[n, h, w, c]; `rows.npy` says of each image
in it the SHA-256 of what it was decoded from and the CRC-32 of its pixels. Nothing there is trusted
unless both agree with what is asked for, so that an entry may be damaged, or left unfinished, and
what is good of it still serves. Files are read, not mapped, until somebody asks for the pixels, and
closed at once: Windows renames no folder in which a file is open.
"""

from __future__ import annotations

import math
import os
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Shape: TypeAlias = tuple[int, int, int, int]
Digests: TypeAlias = NDArray[np.uint8]  # [n, 32]

PIXELS, ROWS = "pixels.npy", "rows.npy"
_ROW = np.dtype([("digest", "u1", (32,)), ("sum", "<u4")])
_VERSION = (2, 0)
# Images that one thread checks at once.
_CHECKED = 256


def mapped(folder: Path) -> NDArray[np.uint8]:
    """The pixels, read-only and memory-mapped. Raises OSError or ValueError for what is no array."""
    pixels: NDArray[np.uint8] = np.load(folder / PIXELS, mmap_mode="r")
    return pixels


def good(folder: Path, digests: Digests, shape: Shape) -> NDArray[np.bool_]:
    """bool[n]: which images are there, at their place, with their pixels intact."""
    nothing = np.zeros(shape[0], np.bool_)
    held = _listed(folder)
    if held is None or held.shape != shape:
        return nothing
    named = np.flatnonzero((held.rows["digest"] == digests).all(axis=1))
    nothing[named] = _intact(held, named)
    return nothing


def found(folder: Path, digests: Digests, shape: Shape) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Those images of another entry that have these digests: (index into digests, pixels)."""
    held = _listed(folder)
    if held is None or held.shape[1:] != shape[1:]:
        return
    places = {digest.tobytes(): row for row, digest in enumerate(held.rows["digest"])}
    with held.path.open("rb") as file:
        for index, digest in enumerate(digests):
            row = places.get(digest.tobytes())
            if row is not None:
                data = held.read(file, row)
                if zlib.crc32(data) == held.rows["sum"][row]:
                    yield index, np.frombuffer(data, np.uint8).reshape(shape[1:])


class Unfinished:
    """An entry that is being made, its images in any order: a killed process leaves what it did.

    done    bool[n]: which images are there
    path    the file of pixels, of which the first begins at `offset`
    """

    def __init__(self, folder: Path, digests: Digests, shape: Shape) -> None:
        """Take up what lies in `folder`, or begin there anew.

        This and all else here raises OSError where the folder cannot be written, or has no room.
        """
        self.folder, self._digests, self._shape = folder, digests, shape
        self.path = folder / PIXELS
        self.done = good(folder, digests, shape)
        if not self.done.any():
            folder.mkdir(parents=True, exist_ok=True)
            _make(self.path, shape, np.dtype(np.uint8))
            _make(folder / ROWS, (shape[0],), _ROW)
        self.offset = _header(self.path)[0]
        self._rows_offset = _header(folder / ROWS)[0]

    def copy(self, folder: Path) -> None:
        """Take over from another entry what is missing here."""
        missing = np.flatnonzero(~self.done)
        rows, sums = [], []
        with self.path.open("r+b", buffering=0) as file:
            for index, pixels in found(folder, self._digests[missing], self._shape):
                rows.append(int(missing[index]))
                sums.append(write(file, self.offset, rows[-1], pixels))
        self.note(rows, sums)

    def note(self, rows: list[int], sums: list[int]) -> None:
        """These images have been written, and the CRC-32 of each is this."""
        with (self.folder / ROWS).open("r+b") as file:
            for row, total in zip(rows, sums, strict=True):
                file.seek(self._rows_offset + row * _ROW.itemsize)
                file.write(np.array((self._digests[row], total), _ROW).tobytes())
        self.done[rows] = True

    def finish(self, whole: Path) -> None:
        """Give it its name."""
        self.folder.rename(whole)


def write(file: IO[bytes], offset: int, row: int, pixels: NDArray[np.uint8]) -> int:
    """Write one image at its place in the file; the CRC-32 of it."""
    data = np.ascontiguousarray(pixels).data
    file.seek(offset + row * pixels.nbytes)
    written = 0
    # A disk that is nearly full takes a part, and refuses the rest.
    flat = data.cast("B")
    while written < pixels.nbytes:
        written += file.write(flat[written:])
    return zlib.crc32(data)


class _Held(NamedTuple):
    """What an entry says of itself: pixels uint8[shape] in the file at `path` from `offset` on."""

    path: Path
    offset: int
    shape: tuple[int, ...]
    rows: NDArray[np.void]

    def read(self, file: IO[bytes], row: int) -> bytes:
        """One image of the opened file; short where that was cut off meanwhile."""
        size = int(np.prod(self.shape[1:], dtype=np.int64))
        file.seek(self.offset + row * size)
        return file.read(size)


def _listed(folder: Path) -> _Held | None:
    """None where there is no entry, or one whose two files do not fit together."""
    path = folder / PIXELS
    try:
        with warnings.catch_warnings():
            # numpy takes a damaged header for one of an old Python's.
            warnings.simplefilter("ignore")
            offset, shape, dtype = _header(path)
        rows = np.load(folder / ROWS)
        size = path.stat().st_size
    except Exception:  # noqa: BLE001 - numpy raises many for a damaged header.
        return None
    fits = dtype == np.uint8 and len(shape) == 4 and size >= offset + math.prod(shape)
    return _Held(path, offset, shape, rows) if fits and _are_of(rows, shape) else None


def _are_of(rows: NDArray[Any], shape: tuple[int, ...]) -> bool:
    return rows.dtype == _ROW and rows.shape == shape[:1]


def _intact(held: _Held, indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    def check(part: NDArray[np.int64]) -> list[bool]:
        with held.path.open("rb") as file:
            return [zlib.crc32(held.read(file, row)) == sums[row] for row in part.tolist()]

    sums = held.rows["sum"].tolist()
    parts = [indices[first : first + _CHECKED] for first in range(0, len(indices), _CHECKED)]
    with ThreadPoolExecutor() as threads:
        return np.array([one for part in threads.map(check, parts) for one in part], np.bool_)


def _make(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> None:  # type: ignore[type-arg]
    """A .npy file of zeros, whose place on the disk is taken now where the system can."""
    with path.open("wb") as file:
        empty: NDArray[Any] = np.empty((0, *shape[1:]), dtype)
        header = np.lib.format.header_data_from_array_1_0(empty)  # type: ignore[no-untyped-call]
        header |= {"shape": shape}
        np.lib.format.write_array_header_2_0(file, header)  # type: ignore[no-untyped-call]
        size = file.tell() + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        file.truncate(size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)


def _header(path: Path) -> tuple[int, tuple[int, ...], np.dtype]:  # type: ignore[type-arg]
    """Of a .npy file as `_make` makes them: where its values begin, their shape and kind."""
    with path.open("rb") as file:
        if np.lib.format.read_magic(file) != _VERSION:  # type: ignore[no-untyped-call]
            raise ValueError(f"{path} is of another form")
        read = np.lib.format.read_array_header_2_0
        shape, by_column, dtype = read(file)  # type: ignore[no-untyped-call]
        if by_column:
            raise ValueError(f"{path} is by column")
        return file.tell(), shape, dtype
