"""NumPy archives of labelled images, as Keras keeps MNIST: `x_train, y_train, x_test, y_test`."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import DataError

_ARRAYS = "x_train, y_train, x_test, y_test"


def read_pair(path: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images uint8[n, h, w] or [n, h, w, 1 or 3] and class numbers int64[n] of a split.

    Raises DataError naming the file and what it lacks.
    """
    images, numbers = _read(path, f"x_{split}", f"y_{split}")
    if not _are_pictures(images):
        raise DataError(
            f"{path}: x_{split} is {images.dtype}{list(images.shape)}, not uint8[n, h, w] or "
            "[n, h, w, 3]"
        )
    if not np.issubdtype(numbers.dtype, np.integer):
        raise DataError(f"{path}: y_{split} is {numbers.dtype}, not whole numbers")
    # Keras keeps the class numbers of CIFAR as [n, 1].
    return images, numbers.reshape(-1).astype(np.int64)


def _read(path: Path, *names: str) -> list[NDArray[Any]]:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not a whole .npz archive of {_ARRAYS}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            for name in names:
                if name not in archive.files:
                    raise DataError(f"{path} lacks {name}: an archive holds {_ARRAYS}")
            return [archive[name] for name in names]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is not a whole .npz archive of {_ARRAYS}: {error}") from error


def _are_pictures(images: NDArray[Any]) -> bool:
    colored = images.ndim == 4 and images.shape[3] in (1, 3)
    return images.dtype == np.uint8 and (images.ndim == 3 or colored)
