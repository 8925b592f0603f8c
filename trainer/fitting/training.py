"""What a training has come to, epoch by epoch: all of a checkpoint but the stepper's variables.

Knows nothing of how a step is taken.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from litescore.errors import ConfigurationError
from trainer.fitting.checkpoints import Arrays, Checkpoints, State
from trainer.fitting.history import Epoch, Tally, Watcher
from trainer.fitting.interruption import Wish
from trainer.fitting.loop import NOTHING, Loop
from trainer.fitting.order import shuffled
from trainer.fitting.phases import Phase
from trainer.fitting.predict import Predictor, measure
from trainer.fitting.steps import Stepper
from trainer.images.splits import Examples


@dataclass
class Training:
    """`epoch` is the one to come or the one it is in; `best` and `kept` are the best epoch so far
    (0: none) and its weights. Validation loss is of labels smoothed as those in training: without, it
    would rise where the model learns to be as unsure as it is told to be, and the best epoch would
    be one long before the last.
    """

    model: Any
    train: Examples
    validation: Examples | None
    predictor: Predictor
    epochs: int
    patience: int | None
    smoothing: float
    seed: int
    watch: Watcher
    wish: Wish
    checkpoints: Checkpoints | None
    begun: State | None
    history: list[Epoch] = field(default_factory=list)
    epoch: int = 1
    best: int = 0
    kept: Arrays = ()
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.kept = self.model.get_weights()
        if self.begun is not None:
            _check_fit(self.begun.kept, self.kept)
            self.started -= self.begun.seconds
            self.history, self.epoch = list(self.begun.history), self.begun.epoch
            self.best, self.kept = self.begun.best, self.begun.kept

    @property
    def seconds(self) -> float:
        """That it took until now, of all its sittings."""
        return time.perf_counter() - self.started

    def is_over(self, phase: Phase) -> bool:
        """Whether a checkpoint lies behind this phase."""
        finished = self.begun is not None and self.begun.finished
        return finished or self.epoch > phase.last

    def run(self, phase: Phase, loop: Loop, stepper: Stepper) -> None:
        """The epochs of one phase that are still to come, until patience ends.

        Raises KeyboardInterrupt where someone asked to stop, with the state saved.
        """
        tally = self._go_on(stepper)
        while self.epoch <= phase.last:
            tally = self._learn(loop, stepper, tally)
            self._note(tally, stepper)
            self.epoch, tally = self.epoch + 1, NOTHING
            if self._has_waited(phase):
                return
            # The next phase has a stepper of its own, and nothing of this one's is needed there.
            if self.epoch <= phase.last:
                self._save(stepper, tally)

    def finish(self) -> None:
        """Keep what was trained: until its files are written it may still be lost.

        Raises KeyboardInterrupt where someone asked to stop, with the state saved.
        """
        if self.checkpoints and (self.wish.uttered or self.checkpoints.last_due):
            self.checkpoints.save(self._state(NOTHING, (), finished=True))
        if self.wish.uttered:
            raise KeyboardInterrupt

    def _go_on(self, stepper: Stepper) -> Tally:
        """Put a checkpoint's values into place; what was seen of its epoch."""
        begun, self.begun = self.begun, None
        if begun is None:
            return NOTHING
        variables = stepper.remembered()
        _check_fit(begun.variables, variables)
        for variable, value in zip(variables, begun.variables, strict=True):
            variable.assign(value)
        return begun.tally

    def _learn(self, loop: Loop, stepper: Stepper, begun: Tally) -> Tally:
        order = shuffled(len(self.train), self.seed, self.epoch)
        tally = begun
        for seen in loop.run(order, self.epoch, self.watch, begun):
            self._check(seen.loss, seen, stepper)
            # The state at an epoch's end is that before the next one's first step.
            if seen.images < len(order):
                self._save(stepper, seen)
            tally = seen
        return tally

    def _note(self, tally: Tally, stepper: Stepper) -> None:
        """What came of the epoch."""
        loss, accuracy = tally.loss / tally.images, tally.hits / tally.images
        with _averaged(self.model, stepper):
            epoch = Epoch(self.epoch, loss, accuracy, *self._validate(), stepper.rate)
            self._check(_loss(epoch), tally, stepper)
            self.history.append(epoch)
            self.watch.epoch(epoch)
            if not self.best or _loss(epoch) < _loss(self.history[self.best - 1]):
                self.best, self.kept = self.epoch, self.model.get_weights()

    def _validate(self) -> tuple[float | None, float | None]:
        if self.validation is None:
            return None, None
        probabilities = self.predictor(self.validation.tensors)
        return measure(probabilities, self.validation.classes, smoothing=self.smoothing)

    def _has_waited(self, phase: Phase) -> bool:
        """Whether patience is at its end. Only where the whole model learns: what is frozen cannot be
        waited for.
        """
        waited = self.epoch - 1 - max(self.best, phase.first - 1)
        return self.patience is not None and phase.last == self.epochs and waited >= self.patience

    def _save(self, stepper: Stepper, tally: Tally) -> None:
        if self.checkpoints and (self.wish.uttered or self.checkpoints.due):
            # A copy of each: TensorFlow would write into what it lends.
            variables = [np.array(variable) for variable in stepper.remembered()]
            self.checkpoints.save(self._state(tally, variables))
        if self.wish.uttered:
            raise KeyboardInterrupt

    def _state(self, tally: Tally, variables: Arrays, *, finished: bool = False) -> State:
        history = tuple(self.history)
        return State(
            self.epoch, tally, history, self.best, self.kept, variables, self.seconds, finished
        )

    def _check(self, loss: float, tally: Tally, stepper: Stepper) -> None:
        if math.isfinite(loss):
            return
        raise ConfigurationError(
            f"the loss is no number any more: epoch {self.epoch}, within {tally.images:,} of "
            f"{len(self.train):,} images, learning rate {stepper.highest:g} at its highest; give a "
            f"lower one, as --rate {stepper.highest / 10:g}"
        )


@contextmanager
def _averaged(model: Any, stepper: Stepper) -> Iterator[None]:
    """The model with the moving average of its weights, where there is one."""
    average = stepper.averaged()
    if average is None:
        yield
        return
    own = model.get_weights()
    model.set_weights(average)
    try:
        yield
    finally:
        model.set_weights(own)


def _check_fit(saved: Arrays, here: Arrays) -> None:
    """A function that returns a model may have changed, or what another Keras makes of it."""
    there, own = ([tuple(one.shape) for one in arrays] for arrays in (saved, here))
    if there != own:
        raise ConfigurationError(
            f"the checkpoint is of another model ({len(there)} arrays of {_values(there):,} values "
            f"there, {len(own)} of {_values(own):,} here): go on with the code and the versions "
            "that it began with, or train without --resume into another --out"
        )


def _values(shapes: list[tuple[int, ...]]) -> int:
    return sum(map(math.prod, shapes))


def _loss(epoch: Epoch) -> float:
    return epoch.loss if epoch.val_loss is None else epoch.val_loss
