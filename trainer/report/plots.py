"""The pictures of a training run, as PNG bytes. The only place that knows matplotlib.

Images are uint8[h, w, 1 or 3], probabilities float32[classes]; blue is right, red is wrong.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import MissingDependency
from trainer.fitting.history import Epoch

try:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter
except ModuleNotFoundError as error:
    raise MissingDependency("matplotlib", extra="train") from error

RIGHT, WRONG, QUIET, INK = "#1f5fd0", "#c8322b", "#c9d0da", "#1c2430"
_SOFT = "#66707f"

# A bar chart of a thousand classes is a smear: show the likeliest.
_MOST_BARS = 10

Image = NDArray[np.uint8]
Probabilities = NDArray[np.float32]


def shades(images: NDArray[np.uint8]) -> str:
    """The colour map for gray images uint8[n, h, w, 1].

    Digits and clothes on a black ground are drawn as ink on white, as the tutorials do;
    photographs as they are.
    """
    return "binary" if np.median(images[:, :: images.shape[1] - 1 or 1]) < 64 else "gray"


def sample_grid(
    images: NDArray[np.uint8], names: Sequence[str], *, cmap: str, side: int = 5
) -> bytes:
    """Up to side x side images with their class names."""
    figure = Figure(figsize=(1.2 * side, 1.36 * side), layout="constrained")
    grid = list(figure.subplots(side, side, squeeze=False).flat)
    for axes in grid:
        axes.set_axis_off()
    for axes, picture, name in zip(grid, images, names, strict=False):
        _show(axes, picture, cmap)
        axes.set_xlabel(_short(name), fontsize=9, color=INK)
    return _png(figure)


def one_image(picture: Image, name: str, *, cmap: str) -> bytes:
    """One image in large with its colour bar: the raw pixel values 0..255."""
    figure = Figure(figsize=(4.8, 3.9), layout="constrained")
    axes = figure.subplots()
    drawn = _show(axes, picture, cmap, ticks=True)
    axes.set_title(name, fontsize=12, color=INK)
    if picture.shape[2] == 1:
        figure.colorbar(drawn, ax=axes, label="pixel value")
    else:
        gray = axes.imshow(picture.mean(axis=2), cmap="gray", vmin=0, vmax=255, visible=False)
        figure.colorbar(gray, ax=axes, label="brightness")
    return _png(figure)


def curves(epochs: Sequence[Epoch], best: int) -> bytes:
    """Loss and accuracy of training and validation over the epochs, the kept one marked."""
    figure = Figure(figsize=(8.2, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    _curve(left, "loss", [e.loss for e in epochs], [e.val_loss for e in epochs], best)
    _curve(right, "accuracy", [e.accuracy for e in epochs], [e.val_accuracy for e in epochs], best)
    right.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    left.legend(frameon=False)
    return _png(figure)


def prediction(
    picture: Image, probabilities: Probabilities, labels: Sequence[str], truth: int, *, cmap: str
) -> bytes:
    """One image with its predicted label, confidence and true label, beside all probabilities."""
    figure = Figure(figsize=(7.4, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    _show(left, picture, cmap)
    _name(left, probabilities, labels, truth, fontsize=12)
    bars = _bars(right, probabilities, truth)
    names = [_short(labels[i]) for i in bars]
    slope = {"rotation": 45, "ha": "right"} if max(map(len, names)) > 3 else {}
    right.set_xticks(range(len(bars)), names, **slope)
    right.set_yticks((0, 0.5, 1), ("0", "50 %", "100 %"), color=_SOFT)
    return _png(figure)


def prediction_grid(
    images: NDArray[np.uint8],
    probabilities: Probabilities,
    labels: Sequence[str],
    truths: NDArray[np.int64],
    *,
    cmap: str,
    rows: int = 5,
    columns: int = 3,
) -> bytes:
    """rows x columns images, each beside its bar chart: float32[n, classes], int64[n]."""
    figure = Figure(figsize=(3.3 * columns, 1.85 * rows), layout="constrained")
    grid = figure.subplots(rows, 2 * columns, squeeze=False, width_ratios=(4, 5) * columns).flat
    for axes in grid:
        axes.set_axis_off()
    for number, (picture, row, truth) in enumerate(zip(images, probabilities, truths, strict=True)):
        left, right = grid[2 * number], grid[2 * number + 1]
        _show(left, picture, cmap)
        _name(left, row, labels, int(truth), fontsize=9)
        right.set_axis_on()
        _bars(right, row, int(truth))
    return _png(figure)


def _show(axes: Any, picture: Image, cmap: str, *, ticks: bool = False) -> Any:
    axes.set_axis_on()
    if not ticks:
        axes.set(xticks=(), yticks=())
    for spine in axes.spines.values():
        spine.set_color(QUIET)
    if picture.shape[2] == 3:
        return axes.imshow(picture)
    return axes.imshow(picture[:, :, 0], cmap=cmap, vmin=0, vmax=255)


def _name(
    axes: Any, probabilities: Probabilities, labels: Sequence[str], truth: int, *, fontsize: int
) -> None:
    """Predicted label, confidence and true label under an image, blue or red."""
    guess = int(probabilities.argmax())
    said = f"{_short(labels[guess])} {100 * probabilities[guess]:.0f}%"
    color = RIGHT if guess == truth else WRONG
    axes.set_xlabel(f"{said}\n({_short(labels[truth])})", color=color, fontsize=fontsize)


def _bars(axes: Any, probabilities: Probabilities, truth: int) -> list[int]:
    """Draw the bars: gray, the prediction red, the truth blue. The classes shown, in order."""
    likeliest = np.argsort(-probabilities, kind="stable")[:_MOST_BARS].tolist()
    shown = sorted({*likeliest, truth})
    guess = int(probabilities.argmax())
    colors = [RIGHT if i == truth else WRONG if i == guess else QUIET for i in shown]
    axes.bar(range(len(shown)), probabilities[shown], color=colors, width=0.8)
    axes.set(xticks=range(len(shown)), yticks=(), ylim=(0, 1.04))
    axes.set_xticklabels(shown, fontsize=8, color=_SOFT)
    axes.tick_params(length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(QUIET)
    return shown


def _curve(
    axes: Any, name: str, training: Sequence[float], validation: Sequence[Any], best: int
) -> None:
    numbers = range(1, len(training) + 1)
    axes.plot(numbers, training, "o-", color=RIGHT, markersize=4, label="training")
    if None not in validation:
        axes.plot(numbers, validation, "o-", color=WRONG, markersize=4, label="validation")
    if best != len(training):
        axes.axvline(best, color=QUIET, linestyle="--", zorder=0, label=f"kept: epoch {best}")
    axes.set_title(name, fontsize=11, color=INK)
    axes.set_xlabel("epoch", color=_SOFT)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#edf0f4")
    axes.spines[["top", "right"]].set_visible(False)


def _short(name: str) -> str:
    return name if len(name) <= 18 else name[:17] + "…"


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, facecolor="white")
    return buffer.getvalue()
