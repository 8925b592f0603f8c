"""What a run came to, in sentences for people: the terminal and the report say the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.images.splits import Examples
from trainer.run import Run

_FIRST = 5

# Training images of MNIST and of Fashion-MNIST, which the tutorials had.
_ALL = 60_000


def summary(run: Run) -> list[str]:
    """The lines that end a training."""
    tutorial = comparison(run)
    return [
        *([tutorial] if tutorial else [f"test accuracy {percent(run.test.accuracy)}"]),
        overfitting(run),
        f"first test images: {first_predictions(run)}",
        f"trained in {run.fitted.seconds:.1f} s, {run.images_per_second:,.0f} images a second",
    ]


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
