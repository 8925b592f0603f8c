"""What a run came to, in sentences for people: the terminal and the report say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from litescore.certainty import interval
from litescore.reliability import Reliability
from trainer.fitting.history import Epoch
from trainer.images.splits import Examples
from trainer.report.classes import imbalance

if TYPE_CHECKING:
    # Running needs TensorFlow; telling of a run does not.
    from trainer.run import Run

_FIRST = 5

# Share by which validation loss must have risen, and for how many epochs, to call it a rise.
_RISEN, _LATE = 0.02, 2

# Expected calibration error (0..1) up to which a confidence is taken at its word.
CALIBRATED = 0.03

# Training images of MNIST and of Fashion-MNIST, which the tutorials had.
_ALL = 60_000


def summary(run: Run) -> list[str]:
    """The lines that end a training."""
    tutorial = comparison(run)
    return [
        *([kept(run)] if run.fitted.best < run.job.recipe.epochs else []),
        *([tutorial] if tutorial else [f"test accuracy {percent(run.test.accuracy)}"]),
        overfitting(run),
        *filter(None, (overfitting_began(run), imbalanced(run))),
        f"first test images: {first_predictions(run)}",
        f"trained in {run.fitted.seconds:.1f} s, {run.images_per_second:,.0f} images a second",
    ]


def kept(run: Run) -> str:
    """Which epoch's weights the model has, and whether the training ended before its last epoch."""
    ended, most = len(run.fitted.epochs), run.job.recipe.epochs
    words = f"The weights of epoch {run.fitted.best} are kept, where the loss was lowest."
    return f"Stopped by itself after epoch {ended} of {most}. {words}" if ended < most else words


def began(epochs: Sequence[Epoch]) -> int | None:
    """The epoch from which validation loss rises while training loss falls; None where it does not.

    After its lowest it goes up on the whole, for _LATE epochs or more, and ends _RISEN higher: what
    is less, or goes up and down, is noise.
    """
    losses = [epoch.val_loss for epoch in epochs if epoch.val_loss is not None]
    if len(losses) < len(epochs) or not losses:
        return None
    best = losses.index(min(losses))
    later = losses[best + 1 :]
    if len(later) < _LATE or losses[-1] <= losses[best] * (1 + _RISEN):
        return None
    rises = np.polyfit(np.arange(len(later)), later, 1)[0] > 0
    falls = epochs[-1].loss < epochs[best].loss
    return epochs[best].number + 1 if rises and falls else None


def overfitting_began(run: Run) -> str | None:
    """The same in words, and what came of it; None where it did not begin."""
    epoch = began(run.fitted.epochs)
    if epoch is None:
        return None
    return (
        f"From epoch {epoch} on validation loss rises while training loss falls: overfitting began "
        f"there. The weights of epoch {run.fitted.best} are kept."
    )


def imbalanced(run: Run) -> str | None:
    """A sentence on classes with far fewer training images than others; None where there are none."""
    found = imbalance(run.contract.labels, run.splits.train.classes)
    if found is None:
        return None
    words = (
        f"Imbalanced: {found.rare} has {found.fewest:,} training images, {found.large} "
        f"{found.most:,}, {found.ratio:.1f} times as many."
    )
    if run.job.recipe.optimization.balanced:
        return f"{words} In training each class counted as much (--balanced)."
    return f"{words} --balanced makes each class count as much."


def untested(run: Run) -> str | None:
    """A sentence on classes without a test image; None where each has some."""
    counts = np.bincount(run.splits.test.classes, minlength=len(run.contract.labels))
    missing = [run.contract.labels[number] for number in np.flatnonzero(counts == 0)]
    if not missing:
        return None
    named = ", ".join(missing[:_FIRST]) + (
        f" and {len(missing) - _FIRST} more" if missing[_FIRST:] else ""
    )
    return f"No test image of {named}: nothing is known of how well these are found."


def certainty(run: Run) -> str:
    """A sentence on how far the test accuracy can be trusted, by how many images it comes from."""
    count = len(run.splits.test)
    low, high = interval(run.test.accuracy, count)
    return (
        f"Measured on {count:,} test images: of images like these in general it gets between "
        f"{percent(low)} and {percent(high)} right (95 % interval)."
    )


def calibrated(found: Reliability) -> str:
    """A sentence on what the confidence is worth."""
    figures = (
        f"expected calibration error {percent(found.ece)}: mean confidence "
        f"{percent(found.confidence)}, accuracy {percent(found.accuracy)}"
    )
    if found.ece <= CALIBRATED:
        return f"The confidence means what it says ({figures})."
    off = found.confidence - found.accuracy
    if abs(off) < found.ece / 2:
        return f"The confidence is too high in places, too low in others ({figures})."
    too = "surer than it is right" if off > 0 else "less sure than it is right"
    return f"The model is {too} ({figures}); litescore export --calibrate-confidence mends that."


def overfitting(run: Run) -> str:
    """A sentence on how far training and test accuracy are apart, and what that means."""
    figures = (
        f"{percent(run.train.accuracy)} on the training images against "
        f"{percent(run.test.accuracy)} on the test images"
    )
    if run.overfits:
        return f"Overfitting: {figures}; it knows what it learned from better than what is new."
    return f"No overfitting to speak of: {figures}."


def comparison(run: Run) -> str | None:
    """Our figure beside the tutorial's, or None where there is no tutorial."""
    tutorial = run.job.recipe.tutorial
    if tutorial is None:
        return None
    ours = run.train.accuracy if tutorial.split == "train" else run.test.accuracy
    seen = len(run.splits.source)
    limits = f", from {_ALL:,} images where this run had {seen:,}" if seen < _ALL else ""
    return f"{tutorial.split} accuracy {percent(ours)}; the tutorial has {tutorial.figure}{limits}"


def first_predictions(run: Run) -> str:
    """A few test images in words: predicted label and confidence, and the truth where it differs."""
    return ", ".join(_verdict(run, index) for index in few(run.splits.test, _FIRST).tolist())


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def few(examples: Examples, count: int) -> NDArray[np.int64]:
    """int64[<= count], indices of some images: the first, or drawn at even steps where they lie sorted by class."""
    count = min(count, len(examples))
    if (np.diff(examples.classes) >= 0).all():
        return np.linspace(0, len(examples) - 1, count).astype(np.int64)
    return np.arange(count)


def _verdict(run: Run, index: int) -> str:
    labels, row = run.contract.labels, run.test.probabilities[index]
    guess, truth = int(row.argmax()), int(run.splits.test.classes[index])
    words = f"{labels[guess]} {100 * row[guess]:.0f} %"
    return words if guess == truth else f"{words} (is {labels[truth]})"
