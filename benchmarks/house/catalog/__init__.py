"""Every piece that one run measures, in the order of the page: words and holds alone."""

from __future__ import annotations

from benchmarks.house.catalog import batch, edge, function, training
from benchmarks.house.piece import Piece, Row

# The emulated Arm comes last: it is what is left out first where a machine is too slow for all of it.
PIECES: tuple[Piece, ...] = (*batch.PIECES, *function.PIECES, *training.PIECES, *edge.PIECES)


def find(name: str) -> Piece:
    """The piece of that name. Raises KeyError."""
    return {piece.name: piece for piece in PIECES}[name]


def rows() -> dict[str, Row]:
    """Every row by its name."""
    return {row.name: row for piece in PIECES for row in piece.rows}
