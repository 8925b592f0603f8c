"""What is measured: rows of the page, and the pieces that measure several of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.holds import Hold


@dataclass(frozen=True)
class Row:
    """A figure of the page.

    name   in results.json
    what   is measured, in words
    hold   what the figure is held against; None: it only explains another one
    unit   as it stands behind the number
    worst  whether each of the rounds must hold, and not their median: they are of different things
    why    what stands in the way where it is not met; `{name}` is another row's figure
    """

    name: str
    what: str
    hold: Hold | None = None
    unit: str = " x"
    worst: bool = False
    why: str = ""


@dataclass(frozen=True)
class Piece:
    """Rows that one function measures.

    name     as --only takes it
    title    of the rows' table on the page
    minutes  that it takes on two quiet processors, about
    measure  `module:function`; it takes a Place and answers a Found
    command  that measures the same by hand, and more of it
    page     where more is told: a page of docs/ with its anchor
    needs    what must be there: names of `benchmarks.house.needs`
    """

    name: str
    title: str
    minutes: float
    measure: str
    rows: tuple[Row, ...]
    command: str
    page: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a piece is measured: an empty folder; `quick` only to prove that it can be."""

    folder: Path
    quick: bool = False

    def size(self, whole: int, tiny: int) -> int:
        """How many of something."""
        return tiny if self.quick else whole


@dataclass(frozen=True)
class Found:
    """What a piece measured.

    rows     each row's figures: of several rounds, or of several things
    curves   what pictures are made of, by the picture's name: JSON values
    skipped  rows that could not be measured here, and why
    notes    what must be said beside a row's figure
    """

    rows: Mapping[str, Sequence[float]]
    curves: Mapping[str, Any] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
