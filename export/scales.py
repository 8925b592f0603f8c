"""How many scales the int8 weights of dense layers need: one a layer, or one a unit.

A scale for each unit costs the file 24 bytes a unit, 5 % of a small model, and nothing at run time.
Where the units' weights are of one size it buys nothing; where one unit's are far larger, sharing
its scale would leave the others no steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# The largest weight over a typical unit's largest: at 4 that unit keeps 64 of its 256 steps.
# The dense layers of the presets have 1.1 to 2.3.
_SPREAD = 4.0


def one_a_layer(model: Any) -> bool:
    """Whether every dense layer of a keras.Model gets by with one scale; False where none is seen."""
    kernels = [np.abs(v.numpy()) for v in model.variables if _is_dense_kernel(v)]
    return bool(kernels) and all(_even(kernel.max(axis=0)) for kernel in kernels)


def _is_dense_kernel(variable: Any) -> bool:
    return variable.path.endswith("/kernel") and len(variable.shape) == 2


def _even(units: Any) -> bool:
    """units: float32[n], the largest weight of each."""
    return float(units.max()) <= _SPREAD * float(np.median(units))
