"""One step of training: from images and classes of a batch to moved weights. Compiled by its caller.

Everything random is drawn from the seed and the number of the step, so that a training that goes
on from a checkpoint is the training that never stopped. Knows nothing of epochs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer import augmentation
from trainer.backend import keras, tf
from trainer.fitting import augment, schedule
from trainer.models.plain import is_chain
from trainer.presets import Optimization

# Steps after which the moving average has mostly left the first weights behind.
_AVERAGE_WARMUP = 10


class Stepper:
    """What moves a model's weights, and all that it must remember from step to step.

    `steps` are all that it will take, `weights` float32[classes] by which a class counts (None: all
    alike).
    """

    def __init__(
        self,
        model: Any,
        chosen: Optimization,
        *,
        logits: bool,
        steps: int,
        seed: int,
        names: Sequence[str] = (),
        weights: Sequence[float] | None = None,
    ) -> None:
        self.model = model
        # XLA fuses the optimizer into a dense step and makes it four times faster; its
        # convolutions on a CPU are 6 to 30 times slower than TensorFlow's own.
        self.fused = not names and is_chain(model)
        self._seed, self._strengths = seed, augmentation.parse(names)
        self._loss = _loss(logits, chosen.smoothing, weights, model.output_shape[-1])
        self._variables = model.trainable_variables
        self.optimizer = schedule.optimizer(chosen, self._variables, steps=steps)
        self.highest = chosen.rate
        self._decay = chosen.average
        self._average = [tf.Variable(w) for w in model.weights] if chosen.average else []

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.optimizer.learning_rate)

    def step(self, images: Any, truth: Any, fused: bool) -> tuple[Any, Any]:
        """Learn from uint8[b, h, w, c] and int32[b]: the sums of their losses and of their hits.

        `fused` says whether XLA compiles it.
        """
        number = tf.cast(self.optimizer.iterations, tf.int32)
        pixels = tf.cast(images, tf.float32)
        pixels = augment.augment(pixels, self._strengths, (self._seed, number))
        with tf.GradientTape() as tape:
            outputs = self._forward(pixels, number, fused)
            loss = self._loss(truth, outputs)
        self.optimizer.apply(tape.gradient(loss, self._variables), self._variables)
        self._follow(number)
        hits = tf.equal(tf.argmax(outputs, -1, output_type=tf.int32), truth)
        size = tf.cast(tf.size(truth), tf.float32)
        return loss * size, tf.reduce_sum(tf.cast(hits, tf.float32))

    def averaged(self) -> list[Any] | None:
        """The moving average of `model.weights`, or None where none is kept."""
        return [value.numpy() for value in self._average] or None

    def remembered(self) -> list[Any]:
        """Every variable that the next step depends on, in a fixed order."""
        return [*self.model.variables, *self.optimizer.variables, *self._average]

    def _forward(self, x: Any, number: Any, fused: bool) -> Any:
        """The model in training. A chain of dense layers is walked by hand.

        Dropout is taken from TensorFlow directly there: as Keras calls it, its random numbers cost
        2.5 ms a batch of 32 x 128 under XLA, several times the rest of the step; ThreeFry's 16
        microseconds.
        """
        if not fused:
            return self.model(x, training=True)
        for position, layer in enumerate(self.model.layers[1:]):
            if isinstance(layer, keras.layers.Dropout):
                key = tf.stack([self._seed ^ position, number])
                x = tf.nn.experimental.stateless_dropout(
                    x, layer.rate, seed=key, rng_alg="threefry"
                )
            else:
                x = layer(x, training=True)
        return x

    def _follow(self, number: Any) -> None:
        done = tf.cast(number, tf.float32)
        # At first it follows closely: the weights that training began with are worth nothing.
        decay = tf.minimum(self._decay, (1 + done) / (_AVERAGE_WARMUP + done))
        for average, weight in zip(self._average, self.model.weights, strict=False):
            # A count, as of a Normalization layer, has no mean.
            moving = weight.dtype.startswith(("float", "bfloat"))
            average.assign(average * decay + weight * (1 - decay) if moving else weight)


def _loss(logits: bool, smoothing: float, weights: Sequence[float] | None, classes: int) -> Any:
    if not smoothing and weights is None:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    counts = tf.constant([1.0] * classes if weights is None else list(weights), tf.float32)
    smoothed = keras.losses.CategoricalCrossentropy(
        from_logits=logits, label_smoothing=smoothing, reduction=None
    )

    def loss(truth: Any, outputs: Any) -> Any:
        each = smoothed(tf.one_hot(truth, classes), outputs)
        return tf.reduce_mean(each * tf.gather(counts, truth))

    return loss
