"""Fast training of a Keras model on images held as uint8.

The same arithmetic as `model.fit` (batch size, Adam, shuffled epochs in which every image is seen
once), without its costs: the images lie on the device as uint8, an epoch is one shuffled list of
indices, and batches are gathered and steps taken inside one compiled loop that Python enters a
few times an epoch. Knows nothing of files, presets or reports.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.backend import keras, tf
from trainer.fitting.history import Epoch, Fitted, Unwatched, Watcher
from trainer.fitting.order import batches, shuffled, spans
from trainer.images.splits import Examples
from trainer.models.plain import has_convolutions

# Values of one batch when predicting: about 64 MB of float32.
_PREDICTED_VALUES = 2**24

# Keras' own guard against log(0).
_EPSILON = 1e-7


def fit(
    model: Any,
    train: Examples,
    validation: Examples | None = None,
    *,
    logits: bool,
    epochs: int,
    batch: int = 32,
    patience: int | None = None,
    seed: int = 0,
    watch: Watcher | None = None,
) -> Fitted:
    """Train `model` in place with Adam on sparse categorical cross-entropy.

    `logits` says what the model gives. The weights of the epoch with the lowest validation loss
    (training loss where there are no validation images) are kept; with `patience` training stops
    after that many epochs without a lower one. The same seed gives the same weights on the same
    machine.
    """
    started = time.perf_counter()
    watch = watch or Unwatched()
    loop = _Loop(model, train, batch=batch, logits=logits, seed=seed)
    predictor = Predictor(model, logits=logits)
    history: list[Epoch] = []
    best, weights = 0, model.get_weights()
    for number in range(1, epochs + 1):
        loss, accuracy = loop.run(shuffled(len(train), seed, number), number, watch)
        history.append(Epoch(number, loss, accuracy, *_validate(predictor, validation)))
        watch.epoch(history[-1])
        if not best or _loss(history[-1]) < _loss(history[best - 1]):
            best, weights = number, model.get_weights()
        elif patience is not None and number - best >= patience:
            break
    model.set_weights(weights)
    return Fitted(tuple(history), best, time.perf_counter() - started)


class Predictor:
    """Probabilities of a model that gives logits or probabilities; compiled once."""

    def __init__(self, model: Any, *, logits: bool) -> None:
        def predict(tensors: Any) -> Any:
            outputs = model(tf.cast(tensors, tf.float32), training=False)
            return tf.nn.softmax(outputs) if logits else outputs

        shape = (None, *model.input_shape[1:])
        self._predict = tf.function(predict, input_signature=[tf.TensorSpec(shape, tf.uint8)])
        self._batch = max(1, min(1024, _PREDICTED_VALUES // int(np.prod(shape[1:]))))

    def __call__(self, tensors: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8[n, h, w, c] -> float32[n, classes]."""
        starts = range(0, len(tensors), self._batch)
        parts = [self._predict(tensors[i : i + self._batch]).numpy() for i in starts]
        return np.concatenate(parts)


def measure(probabilities: NDArray[np.float32], classes: NDArray[np.int64]) -> tuple[float, float]:
    """Cross-entropy and accuracy (0..1) of float32[n, classes] against int64[n].

    Of tied probabilities the lowest index counts, as everywhere in litescore.
    """
    own = probabilities[np.arange(len(classes)), classes].astype(np.float64)
    loss = -np.log(np.clip(own, _EPSILON, 1)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == classes).mean())


class _Loop:
    """Epochs over one set of images, compiled."""

    def __init__(self, model: Any, train: Examples, *, batch: int, logits: bool, seed: int) -> None:
        self._batch = batch
        # XLA fuses the optimizer into a dense step and makes it four times faster; its
        # convolutions on a CPU are 6 to 30 times slower than TensorFlow's own.
        self._fused = not has_convolutions(model)
        self._step = _make_step(model, train, logits=logits, seed=seed)
        self._many = tf.function(self._take_steps, jit_compile=self._fused)
        # For the few batches of another size, which XLA would compile anew.
        self._few = tf.function(self._take_steps)

    def run(self, order: NDArray[np.int32], epoch: int, watch: Watcher) -> tuple[float, float]:
        """One epoch in this order: mean loss and accuracy while training, as Keras shows them."""
        loss, hits, done = 0.0, 0.0, 0
        for part_loss, part_hits, size in self._chunks(order):
            loss, hits, done = loss + part_loss, hits + part_hits, done + size
            watch.batches(epoch, done, len(order), loss / done, hits / done)
        return loss / done, hits / done

    def _chunks(self, order: NDArray[np.int32]) -> Iterator[tuple[float, float, int]]:
        many, few = batches(order, self._batch)
        for take_steps, group, fused in (
            (self._many, many, self._fused),
            (self._few, few, False),
        ):
            held = tf.constant(group)
            for first, last in spans(len(group)):
                loss, hits = take_steps(held, tf.constant(first), tf.constant(last), fused)
                yield float(loss), float(hits), (last - first) * group.shape[1]

    def _take_steps(self, group: Any, first: Any, last: Any, fused: bool) -> Any:
        loss, hits = tf.constant(0.0), tf.constant(0.0)
        # A range() here would be a constant to XLA, compiled anew for each span.
        number = first
        while number < last:
            step_loss, step_hits = self._step(group[number], fused)
            loss += step_loss
            hits += step_hits
            number += 1
        return loss, hits


def _make_step(model: Any, train: Examples, *, logits: bool, seed: int) -> Any:
    """A function from the indices of a batch to the sums of its losses and of its hits.

    It is told whether XLA compiles it.
    """
    images = tf.constant(train.tensors)
    classes = tf.constant(train.classes.astype(np.int32))
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)

    def step(chosen: Any, fused: bool) -> Any:
        truth = tf.gather(classes, chosen)
        with tf.GradientTape() as tape:
            pixels = tf.cast(tf.gather(images, chosen), tf.float32)
            outputs = _forward(model, pixels, (seed, optimizer.iterations), fused)
            loss = cross_entropy(truth, outputs)
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        hits = tf.equal(tf.argmax(outputs, -1, output_type=tf.int32), truth)
        size = tf.cast(tf.size(chosen), tf.float32)
        return loss * size, tf.reduce_sum(tf.cast(hits, tf.float32))

    return step


def _forward(model: Any, x: Any, seed: tuple[int, Any], fused: bool) -> Any:
    """The model, a chain of layers, in training.

    Dropout is taken from TensorFlow directly: as Keras calls it, its random numbers cost 2.5 ms a
    batch of 32 x 128 under XLA, several times the rest of the step; ThreeFry's 16 microseconds.
    """
    # Outside XLA TensorFlow has no ThreeFry on a CPU.
    algorithm = "threefry" if fused else "auto_select"
    for position, layer in enumerate(model.layers[1:]):
        if isinstance(layer, keras.layers.Dropout):
            key = tf.stack([seed[0] ^ position, tf.cast(seed[1], tf.int32)])
            x = tf.nn.experimental.stateless_dropout(x, layer.rate, seed=key, rng_alg=algorithm)
        else:
            x = layer(x, training=True)
    return x


def _validate(
    predictor: Predictor, validation: Examples | None
) -> tuple[float | None, float | None]:
    if validation is None:
        return None, None
    return measure(predictor(validation.tensors), validation.classes)


def _loss(epoch: Epoch) -> float:
    return epoch.loss if epoch.val_loss is None else epoch.val_loss
