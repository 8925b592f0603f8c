"""Keras models: raw pixels 0..255 in, one number a class out, nothing of augmentation inside.

Knows neither data nor training. Importing it loads no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from litescore.contract import Contract
from trainer.presets import BACKBONES, Architecture


def build(architecture: Architecture, contract: Contract, *, keras_home: Path | None = None) -> Any:
    """An untrained keras.Model: float32[n, height, width, channels] of 0..255 to [n, classes].

    It gives logits or, as a model of one's own always does, probabilities; it is a plain functional
    model whose layers have `trainable` flags. `keras_home` is where ImageNet's weights are kept,
    None for Keras' own place.

    Raises UsageError for a size that a backbone cannot take and for a function that gives no such
    model, ModelError for weights that do not fit, DataError for a download that fails.
    """
    # TensorFlow takes seconds to import.
    from trainer.models import backbones, own, plain

    if ":" in architecture.kind:
        return own.build(architecture.kind, contract)
    if architecture.kind in BACKBONES:
        return backbones.build(architecture, contract, keras_home=keras_home)
    return plain.build(architecture, contract)


def notes(model: Any, architecture: Architecture, contract: Contract) -> Iterator[str]:
    """What a person should know of a model before it is trained, a sentence each."""
    from trainer.models import limits, own

    yield from limits.notes(architecture, contract)
    if ":" in architecture.kind:
        yield from own.notes(model)
