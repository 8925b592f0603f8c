"""A model's twin that computes its convolutions in bfloat16, for training only.

Processors that have it take two thirds of the time. Weights, their updates, the first and the last
layers stay float32, and so does the model that is saved. Knows neither data nor training.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from trainer.backend import keras

layers = keras.layers

_PROCESSOR = Path("/proc/cpuinfo")
_FLAGS = ("avx512_bf16", "amx_bf16")
_LOWERED = (
    layers.Conv2D,
    layers.BatchNormalization,
    layers.ReLU,
    layers.MaxPooling2D,
)


@cache
def is_native() -> bool:
    """Whether this processor computes in bfloat16 itself. Where it does not, it would be slower;
    where that cannot be told (not Linux on x86), no.
    """
    try:
        words = _PROCESSOR.read_text().split()
    except OSError:
        return False
    return any(flag in words for flag in _FLAGS)


def twin(model: Any) -> Any:
    """A copy of a functional model with the same weights; `twin.get_weights()` fit the model."""

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        if isinstance(layer, _LOWERED):
            config["dtype"] = "mixed_bfloat16"
        return layer.__class__.from_config(config)

    lowered = keras.models.clone_model(model, clone_function=clone)
    lowered.set_weights(model.get_weights())
    return lowered
