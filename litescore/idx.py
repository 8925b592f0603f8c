"""IDX files: the format of MNIST and Fashion-MNIST, and the class names of those two.

Format: http://yann.lecun.com/exdb/mnist.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litescore.errors import DataError

# MD5 of the unpacked IDX label files: http://yann.lecun.com/exdb/mnist and
# https://github.com/zalandoresearch/fashion-mnist (MIT), which also gives the class names.
_DIGITS = tuple(str(digit) for digit in range(10))
FASHION_MNIST = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_KNOWN_LABELS = {
    "a25bea736e30d166cdddb491f175f624": _DIGITS,
    "27ae3e4e09519cfbb04c329615203637": _DIGITS,
    "9018921c3c673c538a1fc5bad174d6f9": FASHION_MNIST,
    "15d484375f8d13e6eb1aabb0c3f46965": FASHION_MNIST,
}
_PREFIX = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTE = 0x08


def read_pair(root: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images uint8[n, h, w] and class numbers uint8[n] of the `train` or `test` files in a folder.

    Raises DataError naming the file that is missing or broken.
    """
    prefix = _PREFIX.get(split)
    if prefix is None:
        raise DataError(f"{root} has no split {split!r}: IDX files have train and test")
    images = read_idx(_one_file(root, f"{prefix}-images-idx3-ubyte"), rank=3)
    return images, read_idx(_one_file(root, f"{prefix}-labels-idx1-ubyte"), rank=1)


def read_idx(path: Path, rank: int) -> NDArray[np.uint8]:
    """The array of so many dimensions in an IDX file of unsigned bytes, gzipped or not.

    Raises DataError for anything else.
    """
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        if struct.unpack_from(">HBB", data) != (0, _UNSIGNED_BYTE, rank):
            raise DataError(f"{path} is not an IDX file of unsigned bytes in {rank} dimensions")
        shape = struct.unpack_from(f">{rank}I", data, 4)
        return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise DataError(f"{path} is not a whole IDX file: {error}") from error


def known_labels(numbers: NDArray[np.uint8]) -> tuple[str, ...] | None:
    """The class names of a known data set, recognised by the digest of its labels."""
    header = struct.pack(">HBBI", 0, _UNSIGNED_BYTE, 1, len(numbers))
    digest = hashlib.md5(header + numbers.tobytes(), usedforsecurity=False).hexdigest()
    return _KNOWN_LABELS.get(digest)


def _one_file(root: Path, name: str) -> Path:
    for candidate in (root / f"{name}.gz", root / name):
        if candidate.exists():
            return candidate
    raise DataError(f"{root} lacks {name} (or {name}.gz)")
