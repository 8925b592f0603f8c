"""The pictures of docs/SCALE.md, as PNG bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from benchmarks.scale.growth import STEPS, Growth
from benchmarks.scale.queue import STEP, Day
from litescore.drawing import BAD, GOOD, INK, QUIET, SOFT, plain, png

_COLOURS = (GOOD, "#7a4fd0", "#0f8a6d", "#c98a00", BAD, INK)


def growth(found: Growth) -> bytes:
    """CPU an image and peak memory of each step, against the number of images."""
    figure = Figure(figsize=(10.4, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    sizes = sorted({one.images for one in found.taken})
    for step, colour in zip(STEPS, _COLOURS, strict=True):
        peaks = [
            max(o.megabytes for o in found.taken if (o.step, o.images) == (step, images))
            for images in sizes
        ]
        each = [found.each(step, images) for images in sizes]
        left.plot(sizes, each, "o-", color=colour, label=step, markersize=5)
        right.plot(sizes, peaks, "o-", color=colour, label=step, markersize=5)
    left.set(xscale="log", yscale="log", ylim=(5, 1000))
    left.set_yticks([10, 100, 1000], ["10", "100", "1,000"])
    left.set_title("processor time of an image, microseconds", fontsize=11, loc="left")
    right.set(xscale="log", ylim=(0, None))
    right.set_title("memory at the peak, megabytes", fontsize=11, loc="left")
    for axes in (left, right):
        axes.set_xlabel("images", color=SOFT)
        axes.set_xticks(sizes, [f"{images:,}" for images in sizes])
        axes.minorticks_off()
        plain(axes, "y")
    right.legend(frameon=False, fontsize=9, ncols=2, loc="lower left")
    return png(figure)


def burst(days: Mapping[str, Day], images: int) -> bytes:
    """What waits and what works after an hour in which so many images came, for some settings."""
    figure = Figure(figsize=(10.4, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, day), colour in zip(days.items(), _COLOURS, strict=False):
        hours = [number * STEP / 3600 for number in range(len(day.depth))]
        share = images / day.arrived
        left.plot(hours, [share * one / 1e6 for one in day.depth], color=colour, label=name)
        right.plot(hours, day.concurrency, color=colour, label=name)
    left.set_title("images that wait, millions", fontsize=11, loc="left")
    left.set_ylim(0, None)
    right.set_title("functions at once", fontsize=11, loc="left")
    right.set(yscale="log", ylim=(1, 2000))
    right.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
    for axes in (left, right):
        _hours(axes)
    lines, names = left.get_legend_handles_labels()
    figure.legend(lines, names, frameon=False, fontsize=9, ncols=2, loc="outside lower center")
    figure.suptitle(f"{images:,} images within an hour, under one prefix", color=INK, fontsize=12)
    return png(figure)


def _hours(axes: Any) -> None:
    axes.set_xlabel("hours", color=SOFT)
    axes.set_xlim(0, None)
    axes.axvline(1, color=QUIET, linewidth=1, linestyle="--")
    axes.minorticks_off()
    plain(axes, "y")
