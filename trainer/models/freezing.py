"""Which layers of a model came from elsewhere, and whether they learn.

A backbone is all that lies before the layer called `features`: build puts that layer behind it.
"""

from __future__ import annotations

from typing import Any

from trainer.backend import keras

FEATURES = "features"


def backbone_of(model: Any) -> tuple[Any, ...]:
    """The layers of the backbone, first to last; () for a model without one."""
    names = [layer.name for layer in model.layers]
    return tuple(model.layers[: names.index(FEATURES)]) if FEATURES in names else ()


def freeze(model: Any) -> None:
    """Leave the backbone's weights as they are: only what is behind it learns."""
    for layer in backbone_of(model):
        layer.trainable = False


def thaw(model: Any) -> None:
    """Let the backbone learn, but for its batch normalization.

    That keeps the means of the pictures on which it was pretrained: those of a few small batches
    would undo what the convolutions know. A layer that does not learn is also in inference mode.
    """
    for layer in backbone_of(model):
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
