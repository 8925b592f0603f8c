"""What a training tells of itself, while it goes and afterwards. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Epoch:
    """One line of history. Accuracies are 0..1; val_* are None without validation images. `rate` is
    the learning rate that its last step left.
    """

    number: int
    loss: float
    accuracy: float
    val_loss: float | None = None
    val_accuracy: float | None = None
    rate: float | None = None


@dataclass(frozen=True)
class Tally:
    """What was seen of an epoch: spans of steps, the sums of the images' losses and hits, images."""

    spans: int = 0
    loss: float = 0.0
    hits: float = 0.0
    images: int = 0


@dataclass(frozen=True)
class Fitted:
    """What training did.

    best     the epoch whose weights the model has now
    seconds  of all of it, compilation and validation included
    """

    epochs: tuple[Epoch, ...]
    best: int
    seconds: float


class Watcher(Protocol):
    """Told how training goes. `batches` comes some twenty times an epoch."""

    def batches(self, epoch: int, done: int, of: int, loss: float, accuracy: float) -> None:
        """`done` of the epoch's `of` images are learned: its loss and accuracy (0..1) so far."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch is over and validated."""

    def stopping(self) -> None:
        """Someone asked to stop. Called from another thread."""
        ...


class Unwatched:
    """A Watcher that looks away."""

    def batches(self, epoch: int, done: int, of: int, loss: float, accuracy: float) -> None:
        """Nothing is shown."""

    def epoch(self, epoch: Epoch) -> None:
        """Nothing is told."""

    def stopping(self) -> None:
        """Nothing is told."""
