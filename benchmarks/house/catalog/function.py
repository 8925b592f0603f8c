"""Rows of the function."""

from __future__ import annotations

from benchmarks import holds
from benchmarks.house.piece import Piece, Row

_TITLE = "The function"

PIECES = (
    Piece(
        "cold-start",
        _TITLE,
        1.8,
        "benchmarks.house.measures.function:start",
        (
            Row(
                "init-bare",
                "cold start over a bare handler, INIT",
                holds.BARE,
                why="the libraries and the model alone are {init-libraries}",
            ),
            Row("init-boto3", "cold start over the same with a boto3 client, INIT", holds.BOTO3),
            Row("init-libraries", "the libraries and the model alone over a bare handler, INIT"),
        ),
        "python -m benchmarks.cold_start --rounds 7",
        "BENCHMARKS-CLOUD.md#cold-start",
        ("python of the function", "tensorflow"),
    ),
)
