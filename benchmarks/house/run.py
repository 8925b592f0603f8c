"""One run: piece after piece, told as it goes; what one of them lost does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.house import apart, machine, words
from benchmarks.house.apart import Failed
from benchmarks.house.piece import Found, Piece, Row
from benchmarks.house.results import Figure, Measured

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """Pieces to measure.

    logs   folder of what each piece says
    tell   gets a line at a time
    quick  only to prove that they can be measured
    most   minutes in all: a piece that no longer fits is left out, and said so
    """

    pieces: Sequence[Piece]
    logs: Path
    tell: Tell
    quick: bool = False
    most: float = 40.0
    begun: float = field(default_factory=time.monotonic)

    def measured(self) -> Iterator[tuple[Piece, Measured]]:
        """Each piece's figures as soon as there are any."""
        commit = machine.commit()
        for number, piece in enumerate(self.pieces, 1):
            self.tell(f"[{number}/{len(self.pieces)}] {self._progress()}: {piece.name}")
            date, load, start = datetime.now(UTC), machine.load(), time.monotonic()
            found = self._found(piece)
            seconds = time.monotonic() - start
            self._tell_rows(piece, found)
            yield piece, _measured(piece, found, f"{date:%Y-%m-%d %H:%M}", commit, seconds, load)

    def _gone(self) -> float:
        return (time.monotonic() - self.begun) / 60

    def _progress(self) -> str:
        whole = sum(piece.minutes for piece in self.pieces)
        return (
            f"{self._gone():.1f} minutes"
            if self.quick
            else f"{self._gone():.1f} of about {whole:.0f} minutes"
        )

    def _found(self, piece: Piece) -> Found | Failed:
        if not self.quick and self._gone() + piece.minutes > self.most:
            return apart.skipped(piece, f"the {self.most:.0f} minutes of a run were over")
        return apart.run(piece, self.logs / f"{piece.name}.log", quick=self.quick)

    def _tell_rows(self, piece: Piece, found: Found | Failed) -> None:
        for row in piece.rows:
            self.tell(told(row, figures(piece, found)[row.name], quick=self.quick))
        if isinstance(found, Failed) and not piece.rows:
            self.tell(f"  error: {found.why}")


def told(row: Row, figure: Figure, *, quick: bool) -> str:
    """A row for a terminal; of tiny sizes it is not said whether it holds."""
    verdict = {True: "met", False: "NOT MET", None: ""}[words.met(row, figure)]
    held = "" if quick or not verdict else f", {words.hold_text(row)} {verdict}"
    return f"  {row.name:<22}{words.figure_text(row, figure)}{held}"


def failed(piece: Piece, measured: Measured) -> list[str]:
    """The rows without a figure, or the piece where it has no rows."""
    rows = [name for name, figure in measured.rows.items() if figure.error]
    return rows or [piece.name] * bool(measured.error)


def figures(piece: Piece, found: Found | Failed) -> dict[str, Figure]:
    """A figure for each row, whatever came of it."""
    if isinstance(found, Failed):
        return {row.name: Figure(error=found.why) for row in piece.rows}
    return {row.name: _figure(row.name, found) for row in piece.rows}


def _figure(name: str, found: Found) -> Figure:
    if name in found.skipped:
        return Figure(skipped=found.skipped[name])
    if not found.rows.get(name):
        return Figure(error="no figure came of it")
    return Figure([float(one) for one in found.rows[name]], note=found.notes.get(name, ""))


def _measured(
    piece: Piece, found: Found | Failed, date: str, commit: str, seconds: float, load: float
) -> Measured:
    error = found.why if isinstance(found, Failed) else ""
    curves = found.curves if isinstance(found, Found) else {}
    return Measured(date, commit, seconds, load, figures(piece, found), curves, error)
