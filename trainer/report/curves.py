"""How a training went, drawn: loss, accuracy, learning rate. PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.drawing import BAD, GOOD, INK, QUIET, SOFT, plain, png
from litescore.errors import MissingDependency
from trainer.fitting.history import Epoch

try:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter
except ModuleNotFoundError as error:
    raise MissingDependency("matplotlib", extra="train") from error

SHADE = "#fbe9e7"

# More points than a plot has dots are not seen.
_POINTS = 800
# Up to so many epochs each has a mark.
_MARKED = 40


def curves(epochs: Sequence[Epoch], best: int, began: int | None = None) -> bytes:
    """Loss and accuracy of training and validation over the epochs, the kept one marked.

    began  the epoch from which it overfits, shaded and named; None where it does not
    """
    figure = Figure(figsize=(8.2, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    _curve(left, "loss", [e.loss for e in epochs], [e.val_loss for e in epochs], best)
    _curve(right, "accuracy", [e.accuracy for e in epochs], [e.val_accuracy for e in epochs], best)
    right.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    if began is not None:
        for axes in (left, right):
            axes.axvspan(began - 0.5, len(epochs) + 0.5, color=SHADE, zorder=0)
        left.annotate(
            f"overfitting from epoch {began}", (0.98, 1.0), xycoords="axes fraction",
            xytext=(0, -3), textcoords="offset points", ha="right", va="top", fontsize=9, color=BAD,
        )  # fmt: skip
    # On white: the line of the kept epoch may run behind its words.
    right.legend(facecolor="white", edgecolor="none", fontsize=9, loc="lower right")
    return png(figure)


def learning_rate(rates: NDArray[np.float32], steps: int) -> bytes:
    """The learning rate over epochs of `steps` steps each; float32[n], one a step."""
    chosen = np.unique(np.linspace(0, len(rates) - 1, _POINTS).astype(np.int64))
    figure = Figure(figsize=(8.2, 2.1), layout="constrained")
    axes = figure.subplots()
    axes.plot(chosen / steps, rates[chosen], color=GOOD)
    axes.set_title("learning rate", fontsize=11, color=INK)
    axes.set_xlabel("epochs done", color=SOFT)
    axes.set_ylim(0, None)
    plain(axes, "y")
    return png(figure)


def _curve(
    axes: Any, name: str, training: Sequence[float], validation: Sequence[Any], best: int
) -> None:
    numbers = range(1, len(training) + 1)
    style = {"marker": "o" if len(training) <= _MARKED else "", "markersize": 4}
    axes.plot(numbers, training, color=GOOD, label="training", **style)
    if None not in validation:
        axes.plot(numbers, validation, color=BAD, label="validation", **style)
    if best != len(training):
        axes.axvline(best, color=QUIET, linestyle="--", zorder=1, label=f"kept: epoch {best}")
    axes.set_title(name, fontsize=11, color=INK)
    axes.set_xlabel("epoch", color=SOFT)
    axes.set_xlim(0.5, len(training) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plain(axes, "y")
