"""Dollars against images, as a PNG. The only place of this room that knows matplotlib."""

from __future__ import annotations

import io

from infra.cost.answer import Answer, named
from litescore.errors import MissingDependency

_LINES = {"lambda": "-", "batch": "--", "instance": ":"}
_POINTS = 400
_DPI = 120


def dollars(answer: Answer) -> bytes:
    """A line a way from one image to the limit, and where the cheapest changes.

    Raises MissingDependency without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependency("matplotlib", extra="train") from error
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    axes = figure.subplots()
    counts = sorted({round(answer.limit ** (n / _POINTS)) for n in range(_POINTS + 1)})
    colours = {path: f"C{number}" for number, path in enumerate(_paths(answer))}
    for way in answer.ways:
        axes.plot(
            counts, [float(way.dollars(n)) for n in counts], _LINES[way.machine],
            color=colours[way.path if way.machine == "lambda" else way.machine],
            alpha=1 if way.arch == "arm64" else 0.45, label=named(way),
        )  # fmt: skip
    for reign in answer.among["ways for single objects"][1:]:
        cost = float(reign.way.dollars(reign.first))
        axes.plot(reign.first, cost, "o", color="black", markersize=4)
        axes.annotate(
            f"{reign.first:,}", (reign.first, cost), xytext=(6, -12), textcoords="offset points"
        )
    axes.axvline(answer.images, color="0.6", linewidth=0.8)
    axes.text(
        answer.images,
        1,
        f" {answer.images:,}",
        transform=axes.get_xaxis_transform(),
        va="top",
        color="0.4",
        fontsize="small",
    )
    axes.set(xscale="log", yscale="log", xlabel="images a month", ylabel="dollars a month",
             title=f"{answer.work.milliseconds:.4g} ms an image, prices of {answer.prices.date}")  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", frameon=False)
    made = io.BytesIO()
    figure.savefig(made, format="png", dpi=_DPI)
    return made.getvalue()


def _paths(answer: Answer) -> list[str]:
    """What has a colour of its own: each path of the function, each other machine."""
    return list(
        dict.fromkeys(way.path if way.machine == "lambda" else way.machine for way in answer.ways)
    )
