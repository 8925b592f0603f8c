"""The curves as PNGs, wide as a phone. The only place of this package that knows matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.house.results import Results
from export.pictures import Point, pareto
from litescore.drawing import BAD, GOOD, INK, SOFT, plain, png

_KINDS = {"28": "28 x 28 PNG", "photos": "640 x 480 JPEG"}
_SIZE = 12
_WIDTH = 6.0
_OTHER = "#0f8a5f"
# Of a function, in MB, where a phone has room for a number; the fourth is one whole processor.
_MEMORIES = (256, 512, 1024, 1769, 3538, 10240)
_WAYS = {
    "events": ("events, one image each", BAD),
    "backfill": ("backfill, Distributed Map", GOOD),
    "shards": ("shards of 1,000", _OTHER),
}


def write(results: Results, folder: Path) -> None:
    """`bench-<name>.png` of every curve that was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, curve in results.curves().items():
        (folder / f"bench-{name}.png").write_bytes(_DRAWN[name](curve))


def _by(curve: Mapping[str, Any], name: str) -> bytes:
    """Images a second above, CPU of an image below; small images at the left, photographs at the
    right.
    """
    figure = Figure(figsize=(_WIDTH, 5.4), layout="constrained")
    rows = figure.subplots(2, len(curve), squeeze=False, sharex=True)
    for column, (kind, line) in enumerate(curve.items()):
        top, bottom = rows[0][column], rows[1][column]
        top.set_title(_KINDS[kind], fontsize=_SIZE, color=INK)
        scale = 1000 if max(line["cpu"]) >= 2000 else 1
        _line(top, line["x"], line["rate"], GOOD)
        _line(bottom, line["x"], [cpu / scale for cpu in line["cpu"]], BAD)
        bottom.set_xlabel(name, fontsize=_SIZE, color=SOFT)
        unit = "ms" if scale == 1000 else "µs"
        top.set_ylabel("images/s", fontsize=_SIZE, color=SOFT)
        bottom.set_ylabel(f"CPU of an image, {unit}", fontsize=_SIZE, color=SOFT)
    return png(figure)


def _threads(curve: Mapping[str, Any]) -> bytes:
    return _by(curve, "threads")


def _batch(curve: Mapping[str, Any]) -> bytes:
    return _by(curve, "images a batch")


def _memory(curve: Mapping[str, Any]) -> bytes:
    figure = Figure(figsize=(_WIDTH, 4.4), layout="constrained")
    axes = figure.subplots()
    names = {"small": ("28 x 28 PNGs", GOOD), "photos": ("12-megapixel JPEGs", BAD)}
    for kind, line in curve.items():
        name, color = names[kind]
        _line(axes, line["x"], line["peak"], color)
        axes.annotate(name, (line["x"][0], line["peak"][0]), xytext=(0, 10), color=color,
                      textcoords="offset points", fontsize=_SIZE)  # fmt: skip
    axes.set_ylim(0, 1.2 * max(max(line["peak"]) for line in curve.values()))
    axes.set_xticks([10, 100, 1_000, 10_000])
    axes.set_xlabel("images", fontsize=_SIZE, color=SOFT)
    axes.set_ylabel("peak memory, MB", fontsize=_SIZE, color=SOFT)
    return png(figure)


def _cost(curve: Mapping[str, Any]) -> bytes:
    figure = Figure(figsize=(_WIDTH, 6.4), layout="constrained")
    rows = figure.subplots(len(curve), 1, squeeze=False, sharex=True)
    for axes, (kind, line) in zip(rows[:, 0], curve.items(), strict=True):
        axes.set_title(_KINDS[kind], fontsize=_SIZE, color=INK)
        for way, (name, color) in _WAYS.items():
            _line(axes, line["x"], line[way], color, label=name)
        axes.set_ylim(0, 1.35 * max(max(line[way]) for way in _WAYS))
        axes.set_xticks(_MEMORIES)
        axes.set_ylabel("dollars a million", fontsize=_SIZE, color=SOFT)
    rows[0][0].legend(frameon=False, fontsize=_SIZE - 1, loc="upper left")
    rows[-1][0].set_xlabel("memory of the function, MB", fontsize=_SIZE, color=SOFT)
    return png(figure)


def _variants(curve: Mapping[str, Any]) -> bytes:
    points = [Point(**point) for point in curve["points"]]
    return pareto(points, curve["chosen"], curve["gate"], stacked=True)


def _line(axes: Any, x: list[float], y: list[float], color: str, label: str | None = None) -> None:
    """One line over a logarithmic axis with its own places as ticks, from zero."""
    axes.plot(x, y, "o-", color=color, linewidth=2, markersize=6, label=label)
    axes.set_xscale("log")
    axes.set_xticks(x)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.6g}"))
    axes.set_ylim(0, 1.15 * max(y))
    plain(axes, "both")
    axes.tick_params(labelsize=_SIZE - 1)


_DRAWN: dict[str, Callable[[Mapping[str, Any]], bytes]] = {
    "threads": _threads,
    "batch": _batch,
    "memory": _memory,
    "cost": _cost,
    "variants": _variants,
}
