"""Files and arrays packed into shards, in memory."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Pack = Callable[[Mapping[str, bytes]], bytes]


def zip_of(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Files as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tar_of(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    """Files as a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def tar_gz_of(files: Mapping[str, bytes]) -> bytes:
    """Files as a tar.gz."""
    return tar_of(files, "w:gz")


def npz_of(**arrays: NDArray[np.generic]) -> bytes:
    """Arrays as a packed .npz."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def idx_of(array: NDArray[np.uint8]) -> bytes:
    """An array as IDX."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


ARCHIVES: list[tuple[str, Pack]] = [
    ("s.zip", zip_of),
    ("s.tar", tar_of),
    ("s.tar.gz", tar_gz_of),
    ("S.TGZ", tar_gz_of),
]
