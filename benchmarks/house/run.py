"""One run: piece after piece, told as it goes; what one of them lost does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.house import apart, machine, words
from benchmarks.house.apart import Failed
from benchmarks.house.piece import Found, Piece
from benchmarks.house.results import Figure, Measured

# Minutes that a run may take: a piece that no longer fits is left out, and said so.
MOST = 40.0

Tell = Callable[[str], None]


def run(
    pieces: Sequence[Piece], logs: Path, tell: Tell, *, quick: bool = False, most: float = MOST
) -> Iterator[tuple[Piece, Measured]]:
    """Each piece's figures as soon as there are any."""
    begun, commit = time.monotonic(), machine.commit()
    whole = sum(piece.minutes for piece in pieces)
    for number, piece in enumerate(pieces, 1):
        gone = (time.monotonic() - begun) / 60
        expected = "" if quick else f" of about {whole:.0f}"
        tell(f"[{number}/{len(pieces)}] {gone:.1f}{expected} minutes: {piece.name}")
        date, load, start = datetime.now(UTC), machine.load(), time.monotonic()
        if gone + piece.minutes > most:
            found: Found | Failed = Found({}, skipped=dict.fromkeys(
                (row.name for row in piece.rows), f"{most:.0f} minutes were over"))  # fmt: skip
        else:
            found = apart.run(piece, logs / f"{piece.name}.log", quick=quick)
        rows = figures(piece, found)
        curves = found.curves if isinstance(found, Found) else {}
        seconds = time.monotonic() - start
        for row in piece.rows:
            tell(
                told(
                    words.figure_text(row, rows[row.name]),
                    row.name,
                    words.verdict(row, rows[row.name]),
                )
            )
        error = found.why if isinstance(found, Failed) else ""
        if error and not piece.rows:
            tell(f"  error: {error}")
        yield piece, Measured(f"{date:%Y-%m-%d %H:%M}", commit, seconds, load, rows, curves, error)


def failed(piece: Piece, measured: Measured) -> list[str]:
    """The rows without a figure, or the piece where it has no rows."""
    rows = [name for name, figure in measured.rows.items() if figure.error]
    return rows or [piece.name] * bool(measured.error)


def told(figure: str, name: str, verdict: str) -> str:
    """A row for a terminal."""
    return f"  {name:<22}{figure}  {verdict.replace('**', '').upper() if '*' in verdict else verdict}".rstrip()


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
