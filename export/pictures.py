"""The pictures of an export, as PNG bytes. The only place of this room that knows matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.layers import LayerCost
from litescore.drawing import BAD, GOOD, INK, QUIET, SOFT, plain, png, short
from litescore.errors import MissingDependency

try:
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter
    from matplotlib.transforms import Bbox
except ModuleNotFoundError as error:
    raise MissingDependency("matplotlib", extra="train") from error

_FRONTIER = "#d7e3fa"

# Where a name may stand beside its point, nearest first: (right, up) in points of 1/72 inch.
# A name that stands far off stands higher or lower too, or its line would strike others out.
_PLACES = sorted(
    (
        place
        for place in product((10, -10, 30, -30), range(-130, 131, 13))
        if abs(place[0]) < 30 or place[1]
    ),
    key=lambda place: (abs(place[1]) + abs(place[0]), -place[0], -place[1]),
)
# The half of a marker's side, ring included, and the room around a name, in the same unit.
_MARKER, _ROOM = 8.0, 1.0
# From this ratio of largest to smallest on, an axis is logarithmic.
_WIDE = 8


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


def pareto(
    points: Sequence[Point], chosen: str | None, gate: float | None, *, stacked: bool = False
) -> bytes:
    """Size and latency against accuracy: every variant by name, `chosen` marked, the frontier.

    chosen   the name of a point, or None
    gate     the accuracy 0..1 below which a variant is refused, drawn as a line; None for no line
    stacked  one panel above the other, as a phone shows them, and not side by side

    The panel of latency is left out where no point has one.
    """
    panels = [("size, kB", [(point.size / 1000, point) for point in points])]
    timed = [(point.latency_ms, point) for point in points if point.latency_ms is not None]
    if timed:
        unit, factor = ("µs", 1000) if max(time for time, _ in timed) < 1 else ("ms", 1)
        times = [(time * factor, point) for time, point in timed]
        panels.append((f"latency of an image, {unit}", times))
    down, across = (len(panels), 1) if stacked else (1, len(panels))
    figure = Figure(figsize=(5.2 * across, 4.4 * down), layout="constrained")
    row = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for axes, (name, places) in zip(row, panels, strict=True):
        _scatter(axes, name, places, chosen, gate)
    for axes in row if stacked else row[:1]:
        axes.set_ylabel("accuracy", color=SOFT)
    figure.draw_without_rendering()
    # Later moves of the axes would part the names from the room that was found for them.
    figure.set_layout_engine("none")
    for axes, (_name, places) in zip(row, panels, strict=True):
        _write_names(axes, places, chosen)
    return png(figure)


def layer_costs(costs: Sequence[LayerCost], most: int = 12) -> bytes:
    """The `most` costliest layers as bars, with the accuracy that came back where it is known."""
    shown = costs[:most]
    lost = [cost.lost for cost in shown]
    figure = Figure(figsize=(9, 1.3 + 0.32 * len(shown)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(
        range(len(shown)), lost, color=[BAD if _helped(cost) else QUIET for cost in shown]
    )
    axes.bar_label(bars, [f"{share:.2%}" for share in lost], padding=4, fontsize=9, color=INK)
    axes.set(ylim=(len(shown) - 0.5, -0.5), xlim=(0, 1.2 * max(lost, default=0) or 1))
    names = [f"{short(cost.name, 40)}  {cost.operation}" for cost in shown]
    axes.set_yticks(range(len(shown)), names)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("signal lost to int8's rounding", color=SOFT)
    plain(axes, "x")
    if any(cost.recovered is not None for cost in shown):
        _tell_recovered(axes, shown)
    return png(figure)


def _tell_recovered(axes: Any, shown: Sequence[LayerCost]) -> None:
    """A column at the right: the accuracy that comes back when the layer stays float."""
    column = axes.twinx()
    column.set_ylim(axes.get_ylim())
    told = ["" if one.recovered is None else f"{one.recovered:+.2f} points" for one in shown]
    column.set_yticks(range(len(shown)), told)
    plain(column, "x")
    column.spines[["left", "bottom"]].set_visible(False)
    column.tick_params(length=0, pad=12)
    axes.set_title("accuracy back when it stays float", loc="right", fontsize=9, color=SOFT)


def _helped(cost: LayerCost) -> bool:
    return cost.recovered is not None and cost.recovered > 0


def _scatter(
    axes: Any,
    name: str,
    places: Sequence[tuple[float, Point]],
    chosen: str | None,
    gate: float | None,
) -> None:
    """The points of one panel, their frontier and the gate."""
    frontier = _frontier([(x, point.accuracy) for x, point in places if point.passed])
    axes.plot([x for x, _ in frontier], [y for _, y in frontier], color=_FRONTIER, linewidth=5, zorder=1,
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
    axes.margins(y=0.25)
    axes.set_xlabel(name, color=SOFT)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    plain(axes, "both")
    _span(axes, [x for x, _ in places])


def _span(axes: Any, values: Sequence[float]) -> None:
    """From zero, or logarithmic where the values lie far apart."""
    low, high = min(values), max(values)
    if high < _WIDE * low:
        axes.set_xlim(0, 1.25 * high)
        return
    axes.set_xscale("log")
    axes.set_xlim(low / 2, 2.5 * high)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    axes.xaxis.set_minor_locator(NullLocator())


def _frontier(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points (x, accuracy) that no other beats on both, by x, which is better small."""
    best: list[tuple[float, float]] = []
    for x, accuracy in sorted(places, key=lambda place: (place[0], -place[1])):
        if not best or accuracy > best[-1][1]:
            best.append((x, accuracy))
    return best


def _write_names(axes: Any, places: Sequence[tuple[float, Point]], chosen: str | None) -> None:
    """Write each name beside its point, where it covers neither a point nor another name."""
    unit = axes.figure.dpi / 72
    spots = [axes.transData.transform((x, point.accuracy)) / unit for x, point in places]
    taken = [_box(spot[0], spot[1], _MARKER, _MARKER) for spot in spots]
    frame = _scaled(axes.get_window_extent(), 1 / unit)
    for text in axes.texts:  # the gate's name, and the line above it
        named = _scaled(text.get_window_extent(), 1 / unit)
        taken.append(Bbox.from_extents(frame.x0, named.y1, frame.x1, named.y1 + _MARKER))
        taken.append(named)
    # The chosen one is named first, while there is room.
    for (x, point), spot in sorted(
        zip(places, spots, strict=True), key=lambda pair: pair[0][1].name != chosen
    ):
        text = axes.annotate(
            point.name, (x, point.accuracy), xytext=(0, 0), textcoords="offset points",
            va="center", fontsize=9, color=INK if point.passed else SOFT, zorder=4,
            weight="bold" if point.name == chosen else "normal",
        )  # fmt: skip
        size = _scaled(text.get_window_extent(), 1 / unit)
        place, box = _free_place(spot, size.width, size.height, taken, frame)
        text.set_position(place)
        text.set_ha("left" if place[0] > 0 else "right")
        taken.append(box)
        if place[1]:
            _lead(axes, (x, point.accuracy), place)


def _free_place(
    spot: NDArray[np.float64], width: float, height: float, taken: Sequence[Bbox], frame: Bbox
) -> tuple[tuple[int, int], Bbox]:
    """The nearest place in the frame that covers nothing; the nearest of all where none is free."""
    boxes = {}
    for right, up in _PLACES:
        middle = right + (width if right > 0 else -width) / 2
        box = _box(spot[0] + middle, spot[1] + up, width / 2 + _ROOM, height / 2 + _ROOM)
        boxes[right, up] = box
        within = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0
        if within and box.y1 <= frame.y1 and not box.count_overlaps(taken):
            return (right, up), box
    return _PLACES[0], boxes[_PLACES[0]]


def _lead(axes: Any, spot: tuple[float, float], place: tuple[int, int]) -> None:
    """A thin line from a point to the name that stands off it."""
    axes.annotate("", spot, xytext=place, textcoords="offset points", zorder=2,
                  arrowprops={"arrowstyle": "-", "color": QUIET, "linewidth": 0.7,
                              "shrinkA": 0, "shrinkB": 4})  # fmt: skip


def _box(x: float, y: float, half_width: float, half_height: float) -> Bbox:
    return Bbox.from_extents(x - half_width, y - half_height, x + half_width, y + half_height)


def _scaled(box: Bbox, factor: float) -> Bbox:
    return Bbox(box.get_points() * factor)
