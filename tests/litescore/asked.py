"""A small model as the Python API is asked it: its file, an image, and the answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litescore import Classification, Contract, contract, image
from litescore.view import WHOLE, View
from tests.litescore import tiny
from tests.litescore.conftest import LABELS, picture_bytes


def make(folder: Path, color: str = "gray", dtype: str = "uint8", view: View = WHOLE) -> Path:
    """A small model file, 4 high and 3 wide, that takes any batch."""
    channels = 1 if color == "gray" else 3
    held = Contract(LABELS, color, 4, 3, view=view)
    path = folder / f"{color}-{dtype}.tflite"
    path.write_bytes(contract.append(tiny.build((4, 3, channels), dtype=dtype), held))
    return path


def answer(found: Classification) -> list[float]:
    """The probabilities. Fails for an image without."""
    assert found.probabilities is not None
    assert found.probabilities.dtype == np.float32
    values: list[float] = found.probabilities.tolist()
    return values


def pixels(seed: int = 1) -> NDArray[np.uint8]:
    """uint8[7, 9, 3], those of `picture_bytes`."""
    return np.asarray(image.decode(picture_bytes(seed)))
