"""results.json: the figures of each piece, with the run that they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Figure:
    """A row as it was measured, or the reason why it was not.

    rounds            figures of the rounds, or of several things
    skipped, error    why there are none
    note              what must be said beside it
    """

    rounds: Sequence[float] = ()
    skipped: str = ""
    error: str = ""
    note: str = ""


@dataclass(frozen=True)
class Measured:
    """A piece's figures.

    date     UTC, to the minute
    commit   that was measured; "" for figures published before there was one run for all
    seconds  that it took
    load     of the machine in the minute before, processes that were at work
    error    why there are no figures at all
    """

    date: str
    commit: str
    seconds: float
    load: float
    rows: Mapping[str, Figure]
    curves: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Results:
    """All pieces by name, and the machine and versions of the last run."""

    machine: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    pieces: Mapping[str, Measured] = field(default_factory=dict)

    def figures(self) -> dict[str, Figure]:
        """Every row's, by its name."""
        return {name: one for piece in self.pieces.values() for name, one in piece.rows.items()}

    def curves(self) -> dict[str, Any]:
        """What pictures are made of, by the picture's name."""
        return {name: one for piece in self.pieces.values() for name, one in piece.curves.items()}


def read(path: Path = RESULTS) -> Results:
    """What lies there; nothing where there is no file."""
    if not path.exists():
        return Results()
    held = json.loads(path.read_text(encoding="utf-8"))
    pieces = {name: _measured(one) for name, one in held["pieces"].items()}
    return Results(held["machine"], held["versions"], pieces)


def write(results: Results, path: Path = RESULTS) -> None:
    """As a person can read it, and as a diff can tell it."""
    held = asdict(results)
    for piece in held["pieces"].values():
        piece["rows"] = {
            name: {key: value for key, value in figure.items() if value}
            for name, figure in piece["rows"].items()
        }
    path.write_text(f"{json.dumps(_rounded(held), indent=1)}\n", encoding="utf-8")


def _measured(held: dict[str, Any]) -> Measured:
    rows = {name: Figure(**figure) for name, figure in held.pop("rows").items()}
    return Measured(rows=rows, **held)


def _rounded(value: Any) -> Any:
    """Numbers to six digits: what lies beyond is noise."""
    match value:
        case float():
            return float(f"{value:.6g}")
        case dict():
            return {key: _rounded(one) for key, one in value.items()}
        case list() | tuple():
            return [_rounded(one) for one in value]
        case _:
            return value
