"""A small model of three animals, pictures for it, and what it should answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore import contract
from litescore.contract import Contract
from litescore.interpreter import available
from tests.litescore import tiny
from tests.litescore.conftest import LABELS

SHAPE = (4, 3, 1)
PIXELS = np.random.default_rng(0).integers(0, 256, (70, *SHAPE), np.uint8)
runtimes = pytest.mark.parametrize("runtime", [one.name for one in available()])


def softmax(pixels: NDArray[np.uint8], classes: int = 3) -> NDArray[np.float64]:
    """What `tiny.build` computes, in NumPy's float64."""
    flat = pixels.reshape(len(pixels), -1).astype(np.float64)
    logits = flat @ tiny.weights(flat.shape[1], classes).T * tiny.WEIGHT
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def held(model: bytes, **changes: Any) -> bytes:
    """The model with a contract of three animals."""
    values = {"labels": LABELS, "color": "gray", "height": 4, "width": 3} | changes
    return contract.append(model, Contract(**values))
