"""Pictures of images and what the model says of them, as PNG bytes.

Images are uint8[h, w, 1 or 3], probabilities float32[classes]; blue is right, red is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.drawing import BAD, GOOD, INK, SOFT, png, short
from litescore.errors import MissingDependency

try:
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    raise MissingDependency("matplotlib", extra="train") from error

RIGHT, WRONG, QUIET = GOOD, BAD, "#c9d0da"
# Characters of a class name beside a picture.
_NAME = 18

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
        axes.set_xlabel(short(name, _NAME), fontsize=9, color=INK)
    return png(figure, photographs=images.shape[3] == 3)


def one_image(picture: Image, name: str, *, cmap: str) -> bytes:
    """One image in large with its colour bar: the raw pixel values 0..255."""
    figure = Figure(figsize=(4.8, 3.9), layout="constrained")
    axes = figure.subplots()
    drawn = _show(axes, picture, cmap, ticks=True)
    axes.set_title(short(name, 40), fontsize=12, color=INK)
    if picture.shape[2] == 1:
        figure.colorbar(drawn, ax=axes, label="pixel value")
    else:
        gray = axes.imshow(picture.mean(axis=2), cmap="gray", vmin=0, vmax=255, visible=False)
        figure.colorbar(gray, ax=axes, label="brightness")
    return png(figure)


def prediction(
    picture: Image, probabilities: Probabilities, labels: Sequence[str], truth: int, *, cmap: str
) -> bytes:
    """One image with its predicted label, confidence and true label, beside all probabilities."""
    figure = Figure(figsize=(7.4, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    _show(left, picture, cmap)
    _name(left, probabilities, labels, truth, fontsize=12)
    bars = _bars(right, probabilities, truth)
    names = [short(labels[i], _NAME) for i in bars]
    slope = {"rotation": 45, "ha": "right"} if max(map(len, names)) > 3 else {}
    right.set_xticks(range(len(bars)), names, **slope)
    right.set_yticks((0, 0.5, 1), ("0", "50 %", "100 %"), color=SOFT)
    return png(figure)


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
    return png(figure, photographs=images.shape[3] == 3)


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
    said = f"{short(labels[guess], _NAME)} {100 * probabilities[guess]:.0f}%"
    color = RIGHT if guess == truth else WRONG
    axes.set_xlabel(f"{said}\n({short(labels[truth], _NAME)})", color=color, fontsize=fontsize)


def _bars(axes: Any, probabilities: Probabilities, truth: int) -> list[int]:
    """Draw the bars: gray, the prediction red, the truth blue. The classes shown, in order."""
    likeliest = np.argsort(-probabilities, kind="stable")[:_MOST_BARS].tolist()
    shown = sorted({*likeliest, truth})
    guess = int(probabilities.argmax())
    colors = [RIGHT if i == truth else WRONG if i == guess else QUIET for i in shown]
    axes.bar(range(len(shown)), probabilities[shown], color=colors, width=0.8)
    axes.set(xticks=range(len(shown)), yticks=(), ylim=(0, 1.04))
    axes.set_xticklabels(shown, fontsize=8, color=SOFT)
    axes.tick_params(length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(QUIET)
    return shown
