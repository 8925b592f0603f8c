"""Decoded images on disk, memory-mapped: what training reads instead of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.dataset import Dataset


def tensors(data: Dataset, contract: Contract, *, root: Path | None = None) -> NDArray[np.uint8]:
    """uint8[n, height, width, channels] of `data`, decoded and fitted by `litescore.image`.

    `root` is the folder of all caches; None for the user's own.
    """
    del root
    return data.tensors(contract)
