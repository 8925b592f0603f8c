"""Epochs over images held as uint8: the same arithmetic as `model.fit`, without its costs.

An epoch is one shuffled list of indices. Its images are gathered a span at a time, so that a
memory-mapped set of any size costs no more memory than a span, and the steps of a span are taken
inside one compiled loop. Knows nothing of validation or of which weights are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.backend import tf
from trainer.fitting.history import Tally, Watcher
from trainer.fitting.order import batches, spans
from trainer.fitting.steps import Stepper
from trainer.images.memory import SPAN
from trainer.images.splits import Examples

NOTHING = Tally()


class Loop:
    """Epochs of one Stepper over one set of images."""

    def __init__(self, stepper: Stepper, train: Examples, *, batch: int) -> None:
        self._stepper, self._train, self._batch = stepper, train, batch
        self._many = tf.function(self._take_steps, jit_compile=stepper.fused)
        # For the few batches of another size, which XLA would compile anew.
        self._few = tf.function(self._take_steps)

    def run(
        self, order: NDArray[np.int32], epoch: int, watch: Watcher, begun: Tally = NOTHING
    ) -> Iterator[Tally]:
        """One epoch in this order, from where `begun` left it: what was seen after each span."""
        tally = begun
        for chosen, size, take_steps, fused in islice(self._spans(order), begun.spans, None):
            loss, hits = take_steps(*self._gathered(chosen, size), fused)
            tally = Tally(
                tally.spans + 1,
                tally.loss + float(loss),
                tally.hits + float(hits),
                tally.images + chosen.size,
            )
            done = tally.images
            watch.batches(epoch, done, len(order), tally.loss / done, tally.hits / done)
            yield tally

    def _spans(
        self, order: NDArray[np.int32]
    ) -> Iterator[tuple[NDArray[np.int32], int, Callable[..., Any], bool]]:
        many, few = batches(order, self._batch)
        for group, take_steps, fused in ((many, self._many, True), (few, self._few, False)):
            for first, last, size in spans(len(group), self._most_steps(group)):
                yield group[first:last], size, take_steps, fused

    def _most_steps(self, group: NDArray[np.int32]) -> int:
        image = int(np.prod(self._train.tensors.shape[1:]))
        return max(1, SPAN // (image * group.shape[1]))

    def _gathered(self, chosen: NDArray[np.int32], size: int) -> tuple[Any, Any, Any]:
        """Images uint8[size, b, h, w, c] and classes int32[size, b], of which the first are meant."""
        rows = np.arange(size) % len(chosen)
        # A span of one shape each time: another would be compiled anew.
        whole = chosen[rows]
        images, classes = self._train.tensors[whole], self._train.classes[whole]
        return tf.constant(images), tf.constant(classes.astype(np.int32)), tf.constant(len(chosen))

    def _take_steps(self, images: Any, classes: Any, count: Any, fused: bool) -> Any:
        loss, hits = tf.constant(0.0), tf.constant(0.0)
        # A range() here would be a constant to XLA, compiled anew for each span.
        number = tf.constant(0)
        while number < count:
            step_loss, step_hits = self._stepper.step(
                images[number], classes[number], fused and self._stepper.fused
            )
            loss += step_loss
            hits += step_hits
            number += 1
        return loss, hits
