"""Probabilities of a model, and how good they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.backend import tf
from trainer.fitting import memory

# Values of one batch where the model is widest, when predicting: about 64 MB of float32.
_PREDICTED_VALUES = 2**24
_MOST_IMAGES = 1024

# Keras' own guard against log(0).
_EPSILON = 1e-7


class Predictor:
    """Probabilities of a model that gives logits or probabilities; compiled once."""

    def __init__(self, model: Any, *, logits: bool) -> None:
        def predict(tensors: Any) -> Any:
            outputs = model(tf.cast(tensors, tf.float32), training=False)
            return tf.nn.softmax(outputs) if logits else outputs

        shape = (None, *model.input_shape[1:])
        self._predict = tf.function(predict, input_signature=[tf.TensorSpec(shape, tf.uint8)])
        # Not by what a step of training holds: an epoch that fits must not fail when it is measured.
        self._batch = max(1, min(_MOST_IMAGES, _PREDICTED_VALUES // memory.widest(model)))

    def __call__(self, tensors: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8[n, h, w, c] -> float32[n, classes]."""
        starts = range(0, len(tensors), self._batch)
        parts = [self._predict(tensors[i : i + self._batch]).numpy() for i in starts]
        return np.concatenate(parts)


def measure(
    probabilities: NDArray[np.float32], classes: NDArray[np.int64], *, smoothing: float = 0.0
) -> tuple[float, float]:
    """Cross-entropy and accuracy (0..1) of float32[n, classes] against int64[n].

    `smoothing` (0..1) is that of the labels in training: the part of the truth that is shared by all
    classes alike. Of tied probabilities the lowest index counts, as everywhere in litescore.
    """
    logarithms = np.log(np.clip(probabilities.astype(np.float64), _EPSILON, 1))
    own = logarithms[np.arange(len(classes)), classes]
    loss = -((1 - smoothing) * own + smoothing * logarithms.mean(axis=1)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == classes).mean())
