"""The pictures of an export, as PNG bytes. The only place of this room that knows matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from export.layers import LayerCost
from litescore.errors import MissingDependency
from litescore.reliability import Reliability

try:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter
except ModuleNotFoundError as error:
    raise MissingDependency("matplotlib", extra="train") from error

GOOD, BAD, QUIET, INK = "#1f5fd0", "#c8322b", "#98a2b3", "#1c2430"
_SOFT, _GRID = "#66707f", "#edf0f4"

# Where a label may stand beside its point, nearest first: (points right, points up).
_PLACES = sorted(
    (
        (right, up)
        for right, up in product((9, -9, 26, -26), (0, *range(12, 85, 6)))
        for up in (up, -up)
    ),
    key=lambda place: (abs(place[1]), abs(place[0]), place),
)


@dataclass(frozen=True)
class Point:
    """One variant in the comparison.

    name        as `int8, batch 32`
    accuracy    share of images it gets right, 0..1
    size        of the file in bytes
    latency_ms  of one image, or None where it was not measured
    passed      whether it meets every gate
    """

    name: str
    accuracy: float
    size: int
    latency_ms: float | None
    passed: bool


def pareto(points: Sequence[Point], chosen: str | None, gate: float | None) -> bytes:
    """Size and latency against accuracy: every variant by name, `chosen` marked, the frontier.

    chosen  the name of a point, or None
    gate    the accuracy 0..1 below which a variant is refused, drawn as a line; None for no line

    The panel of latency is left out where no point has one.
    """
    panels = [("size, kB", [(point.size / 1000, point) for point in points])]
    timed = [(point.latency_ms, point) for point in points if point.latency_ms is not None]
    if timed:
        panels.append(("latency of an image, ms", timed))
    figure = Figure(figsize=(5.2 * len(panels), 4.4), layout="constrained")
    row = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (name, places) in zip(row, panels, strict=True):
        _scatter(axes, name, places, chosen, gate)
    row[0].set_ylabel("accuracy", color=_SOFT)
    figure.draw_without_rendering()
    # Later moves of the axes would part the labels from the room that was found for them.
    figure.set_layout_engine("none")
    for axes, (_name, places) in zip(row, panels, strict=True):
        _label(axes, places, chosen)
    return _png(figure)


def reliability_diagram(before: Reliability, after: Reliability | None = None) -> bytes:
    """Accuracy against confidence, as the model came and, beside it, with its temperature."""
    shown = {"before": before} if after is None else {"before": before, "after": after}
    figure = Figure(figsize=(4.6 * len(shown), 5), layout="constrained")
    rows = figure.subplots(2, len(shown), squeeze=False, sharex=True, sharey="row",
                           height_ratios=(4, 1))  # fmt: skip
    for column, (name, found) in enumerate(shown.items()):
        title = f"ECE {found.ece:.2%}" if after is None else f"{name}: ECE {found.ece:.2%}"
        rows[0][column].set_title(title, fontsize=12, color=INK)
        _diagonal(rows[0][column], found)
        _histogram(rows[1][column], found)
    rows[0][0].set_ylabel("accuracy", color=_SOFT)
    rows[1][0].set_ylabel("images", color=_SOFT)
    rows[0][0].legend(frameon=False, loc="upper left", fontsize=9)
    return _png(figure)


def layer_costs(costs: Sequence[LayerCost], most: int = 12) -> bytes:
    """The `most` costliest layers as bars, with the accuracy that came back where it is known."""
    shown = costs[:most]
    figure = Figure(figsize=(9, 1.2 + 0.34 * len(shown)), layout="constrained")
    axes = figure.subplots()
    lost = [cost.lost for cost in shown]
    helped = [cost.recovered is not None and cost.recovered > 0 for cost in shown]
    bars = axes.barh(range(len(shown)), lost, color=[BAD if one else QUIET for one in helped])
    axes.bar_label(bars, [_told(cost) for cost in shown], padding=5, fontsize=9, color=INK)
    names = [f"{_short(cost.name)}  {cost.operation}" for cost in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=9, color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.6 * max(lost, default=0) or 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_xlabel("signal lost to int8's rounding", color=_SOFT)
    _plain(axes, "x")
    return _png(figure)


def _scatter(
    axes: Any,
    name: str,
    places: Sequence[tuple[float, Point]],
    chosen: str | None,
    gate: float | None,
) -> None:
    """The points of one panel, their frontier and the gate."""
    frontier = _frontier([(x, point.accuracy) for x, point in places])
    axes.plot(*zip(*frontier, strict=True), color=_GRID, linewidth=6, zorder=1,
              solid_capstyle="round", solid_joinstyle="round")  # fmt: skip
    for x, point in places:
        color = GOOD if point.passed else QUIET
        axes.plot(x, point.accuracy, "o" if point.passed else "x", color=color, markersize=7,
                  markeredgewidth=2, zorder=3)  # fmt: skip
        if point.name == chosen:
            axes.plot(x, point.accuracy, "o", markersize=15, markerfacecolor="none",
                      markeredgecolor=GOOD, markeredgewidth=2, zorder=3)  # fmt: skip
    if gate is not None:
        axes.axhline(gate, color=BAD, linestyle="--", linewidth=1, zorder=2)
        axes.annotate(f"gate {gate:.2%}", (1, gate), xycoords=("axes fraction", "data"),
                      xytext=(-4, -4), textcoords="offset points", ha="right", va="top",
                      fontsize=9, color=BAD)  # fmt: skip
    axes.set_xlim(0, 1.2 * max(x for x, _ in places))
    axes.margins(y=0.25)
    axes.set_xlabel(name, color=_SOFT)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    _plain(axes, "both")


def _frontier(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points (x, accuracy) that no other beats on both, by x, which is better small."""
    best: list[tuple[float, float]] = []
    for x, accuracy in sorted(places, key=lambda place: (place[0], -place[1])):
        if not best or accuracy > best[-1][1]:
            best.append((x, accuracy))
    return best


def _label(axes: Any, places: Sequence[tuple[float, Point]], chosen: str | None) -> None:
    """Write each name beside its point, where it covers neither a point nor another name."""
    taken = [_around(axes, x, point.accuracy) for x, point in places]
    taken += [text.get_window_extent() for text in axes.texts]
    for x, point in sorted(places, key=lambda place: (-place[1].accuracy, place[0])):
        weight = "bold" if point.name == chosen else "normal"
        color = INK if point.passed else _SOFT
        text = axes.annotate(
            point.name, (x, point.accuracy), xytext=_PLACES[0], textcoords="offset points",
            va="center", fontsize=9, color=color, weight=weight, zorder=4,
            arrowprops={"arrowstyle": "-", "color": QUIET, "linewidth": 0.7, "shrinkB": 4},
        )  # fmt: skip
        for place in _PLACES:
            text.set_position(place)
            text.set_ha("left" if place[0] > 0 else "right")
            box = text.get_window_extent()
            if _inside(axes, box) and not box.count_overlaps(taken):
                break
        taken.append(box)


def _around(axes: Any, x: float, y: float, radius: float = 9) -> Any:
    """The square on the canvas that a marker covers."""
    from matplotlib.transforms import Bbox

    right, up = axes.transData.transform((x, y))
    return Bbox.from_extents(right - radius, up - radius, right + radius, up + radius)


def _inside(axes: Any, box: Any) -> bool:
    frame = axes.get_window_extent()
    return bool(frame.x0 < box.x0 and box.x1 < frame.x1 and frame.y0 < box.y0 and box.y1 < frame.y1)


def _diagonal(axes: Any, found: Reliability) -> None:
    """Bars of accuracy; what is missing to the confidence, or beyond it, in red."""
    held = [one for one in found.bins if one.count]
    edges, width = [one.low for one in held], found.bins[0].high
    axes.bar(edges, [one.accuracy for one in held], width, align="edge", color=GOOD,
             edgecolor="white", label="accuracy")  # fmt: skip
    axes.bar(edges, [one.gap for one in held], width, [one.accuracy for one in held],
             align="edge", color=BAD, alpha=0.35, edgecolor=BAD, label="gap to the confidence",
             )  # fmt: skip
    axes.plot((0, 1), (0, 1), "--", color=_SOFT, linewidth=1)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    _plain(axes, "y")


def _histogram(axes: Any, found: Reliability) -> None:
    """How many of the images lie in each bin."""
    edges, width = [one.low for one in found.bins], found.bins[0].high
    shares = [one.count / found.count for one in found.bins]
    axes.bar(edges, shares, width, align="edge", color=QUIET, edgecolor="white")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_xlabel("confidence", color=_SOFT)
    _plain(axes, "y")


def _told(cost: LayerCost) -> str:
    if cost.recovered is None:
        return f"{cost.lost:.2%}"
    return f"{cost.lost:.2%}, {cost.recovered:+.2f} points when it stays float"


def _plain(axes: Any, grid: str) -> None:
    axes.grid(axis=grid, color=_GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
    axes.tick_params(color=QUIET, labelcolor=INK, labelsize=9)


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:39]}…"


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, facecolor="white")
    return buffer.getvalue()
