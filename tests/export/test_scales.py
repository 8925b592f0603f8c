"""When the int8 weights of dense layers may share a scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Tensorflow = Callable[..., Any]


def judged(loud: float) -> bool:
    """Of a dense layer with eight units, the weights of one of them so many times the others'."""
    import numpy as np

    from export.convert import tensorflow
    from export.scales import one_a_layer

    keras = tensorflow().keras
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(8)])
    kernel = np.random.default_rng(0).uniform(-1, 1, (5, 8)).astype(np.float32)
    kernel[:, 0] *= loud
    model.set_weights([kernel, np.zeros(8, np.float32)])
    return one_a_layer(model)


@pytest.mark.parametrize(("loud", "shared"), [(1.0, True), (2.0, True), (10.0, False)])
def test_one_loud_unit_needs_a_scale_of_its_own(
    tensorflow: Tensorflow, loud: float, shared: bool
) -> None:
    """Ten times louder, it would leave the others a tenth of the steps."""
    assert tensorflow(judged, loud) is shared
