"""Figures, holds and verdicts in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.holds import Hold
from benchmarks.house.piece import Row
from benchmarks.house.results import Figure

# Units of things that are counted.
_COUNTED = (" steps", "")


def value(row: Row, rounds: Sequence[float]) -> float:
    """What is held: the median of the rounds, or the worst of them where each must hold."""
    if not row.worst or row.hold is None:
        return median(rounds)
    return max(rounds) if row.hold.most is not None else min(rounds)


def met(row: Row, figure: Figure) -> bool | None:
    """Whether it holds; None where there is no figure or no hold."""
    if row.hold is None or not figure.rounds:
        return None
    return row.hold.met(value(row, figure.rounds))


def number(figure: float, hold: Hold | None = None, *, whole: bool = False) -> str:
    """With as many digits as tell something; with more where the hold would look met and is not.

    whole  of things that are counted
    """
    size = abs(figure)
    digits = 0 if size >= 100 or whole else 1 if size >= 10 else 2 if size >= 0.2 else 3
    while hold and not hold.met(figure) and hold.met(round(figure, digits)) and digits < 6:
        digits += 1
    return f"{figure:,.{digits}f}"


def figure_text(row: Row, figure: Figure) -> str:
    """Such as `1.02 x (0.97 to 1.22)`."""
    rounds = figure.rounds
    if not rounds:
        return f"skipped: {figure.skipped}" if figure.skipped else f"error: {figure.error}"
    figure_, whole = value(row, rounds), row.unit in _COUNTED
    unit = row.unit.removesuffix("s") if row.unit == " steps" and figure_ == 1 else row.unit
    text = f"{number(figure_, row.hold, whole=whole)}{unit}"
    low, high = (number(one, whole=whole) for one in (min(rounds), max(rounds)))
    if low != high:
        text += f" ({low} to {high})"
    return f"{text}; {figure.note}" if figure.note else text


def hold_text(row: Row) -> str:
    """Such as `<= 1.15 x`."""
    hold = row.hold
    if hold is None:
        return ""
    if hold.most is not None:
        unit = " step" if row.unit == " steps" and hold.most == 1 else row.unit
        return f"<= {hold.most:.3g}{unit}"
    return f">= {hold.least:g}{row.unit}"


def verdict(row: Row, figure: Figure) -> str:
    """The last column."""
    return {True: "met", False: "**not met**", None: ""}[met(row, figure)]


def why(row: Row, figures: Mapping[str, Figure], rows: Mapping[str, Row]) -> str:
    """What stands in the way, with the figures of the other `rows` in it."""
    known = {
        name: f"{number(median(one.rounds))}{rows[name].unit}"
        for name, one in figures.items()
        if one.rounds and name in rows
    }
    return row.why.format_map(_Known(known))


class _Known(dict[str, str]):
    """A figure that was not measured is said so."""

    def __missing__(self, name: str) -> str:
        return "(not measured)"
