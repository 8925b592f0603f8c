"""Figures in reports: colours, axes, names that a font can draw, and the reliability diagram.

The only place of the floor that knows matplotlib; loaded only by rooms that make reports.
"""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from litescore.errors import MissingDependency
from litescore.reliability import Reliability

try:
    from matplotlib import font_manager, rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter
except ModuleNotFoundError as error:
    raise MissingDependency("matplotlib", extra="train") from error

GOOD, BAD, QUIET, INK = "#1f5fd0", "#c8322b", "#98a2b3", "#1c2430"
SOFT, GRID = "#66707f", "#edf0f4"

# Every matplotlib brings it, so that a figure looks the same everywhere.
_FONT = "DejaVu Sans"
_NO_GLYPH = "▯"


def reliability_diagram(before: Reliability, after: Reliability | None = None) -> bytes:
    """Accuracy against confidence, as the model came and, beside it, with its temperature: a PNG."""
    shown = {"before": before} if after is None else {"before": before, "after": after}
    figure = Figure(figsize=(4.6 * len(shown), 5), layout="constrained")
    rows = figure.subplots(2, len(shown), squeeze=False, sharex=True, sharey="row",
                           height_ratios=(4, 1), gridspec_kw={"wspace": 0.08})  # fmt: skip
    for column, (name, found) in enumerate(shown.items()):
        told = f"calibration error {found.ece:.2%}"
        rows[0][column].set_title(told if after is None else f"{name}: {told}", fontsize=12)
        _diagonal(rows[0][column], found)
        _histogram(rows[1][column], found)
    rows[0][0].set_ylabel("accuracy", color=SOFT)
    rows[1][0].set_ylabel("images", color=SOFT)
    rows[0][0].legend(frameon=False, loc="upper left", fontsize=9)
    return png(figure)


def plain(axes: Any, grid: str) -> None:
    """Quiet axes: a grid along `grid` (`x`, `y` or `both`), no frame above and at the right."""
    axes.grid(axis=grid, color=GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
    axes.tick_params(color=QUIET, labelcolor=INK, labelsize=9)


def short(name: str, most: int) -> str:
    """A name of at most `most` characters as matplotlib draws it: no formula, no missing glyph."""
    name = " ".join(name.split())
    name = name if len(name) <= most else f"{name[: most - 1]}…"
    font = font_manager.get_font(font_manager.findfont(_FONT))
    drawn = (one if font.get_char_index(ord(one)) else _NO_GLYPH for one in name)
    return "".join(drawn).replace("$", r"\$")


def png(figure: Figure, *, photographs: bool = False) -> bytes:
    """The figure as a PNG on white, 120 dots an inch; of 256 colours where it holds photographs,
    which make it several times larger else.
    """
    buffer = io.BytesIO()
    with rc_context({"font.sans-serif": [_FONT]}):
        figure.savefig(buffer, format="png", dpi=120, facecolor="white")
    return few_colors(Image.open(buffer)) if photographs else buffer.getvalue()


def few_colors(picture: Image.Image) -> bytes:
    """An RGB picture as a PNG of 256 colours, a third of the size."""
    buffer = io.BytesIO()
    picture.convert("RGB").quantize(256).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _diagonal(axes: Any, found: Reliability) -> None:
    """A bar of accuracy for each bin, and a mark where its confidence lies."""
    held = [one for one in found.bins if one.count]
    edges, width = [one.low for one in held], found.bins[0].high
    accuracies, sure = [one.accuracy for one in held], [one.confidence for one in held]
    axes.plot((0, 1), (0, 1), "--", color=QUIET, linewidth=1)
    axes.bar(edges, accuracies, width, align="edge", color=GOOD, edgecolor="white", alpha=0.85,
             label="accuracy")  # fmt: skip
    axes.vlines([edge + width / 2 for edge in edges], accuracies, sure, color=BAD, linewidth=1.2)
    axes.hlines(sure, edges, [one.high for one in held], color=BAD, linewidth=2.5,
                label="confidence")  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    plain(axes, "y")


def _histogram(axes: Any, found: Reliability) -> None:
    """How many of the images lie in each bin."""
    edges, width = [one.low for one in found.bins], found.bins[0].high
    shares = [one.count / found.count for one in found.bins]
    axes.bar(edges, shares, width, align="edge", color=QUIET, edgecolor="white")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("confidence", color=SOFT)
    plain(axes, "y")
