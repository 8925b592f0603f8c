"""docs/BENCHMARKS.md: results.json and published.toml as a page. The same figures make the same page."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.house import words
from benchmarks.house.catalog import PIECES
from benchmarks.house.piece import Piece
from benchmarks.house.results import Figure, Measured, Results

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "BENCHMARKS.md"
PUBLISHED = Path(__file__).with_name("published.toml")

_HEAD = """\
<!-- Written by `make bench` from benchmarks/house: not to be edited by hand. -->

# Benchmarks

What the house promises, measured in one run of `make bench`, each row against its limit or its peer in
that same run. A figure is a ratio of two things that took turns on the same machine, since bare seconds
mean little elsewhere: the median of the rounds and their range, or the worst and the range where a row
is of several things. What takes longer stands [below](#published-runs), with its command.

    LITESCORE_DATA=datasets make bench                          # all of it: {minutes:.0f} minutes on two quiet processors
    python -m benchmarks.house --only batch --only shards       # some pieces; the others keep their figures
    python -m benchmarks.house --render                         # this page again, from benchmarks/house/results.json
"""

_MORE = """\
## More

How each is measured, what takes the time, and longer tables: [batches](BENCHMARKS-BATCH.md),
[the function and its price](BENCHMARKS-CLOUD.md), [training and export](BENCHMARKS-TRAINING.md),
[the edge](BENCHMARKS-EDGE.md). What was decided by figures: [DECISIONS.md](DECISIONS.md).
"""

# Picture, its alternative text, what it shows.
CURVES = {
    "threads": (
        "images a second and CPU of an image by threads",
        "By threads that fetch and decode, from S3 on the same machine, which takes its share of the "
        "processors. Six is the default.",
    ),
    "batch": (
        "images a second and CPU of an image by batch",
        "By images an invocation of the model takes. By default 32 of the small ones and six "
        "photographs.",
    ),
    "memory": (
        "peak memory by number of images",
        "Peak memory of `litescore score` from S3 to S3, by number of images.",
    ),
    "cost": (
        "dollars of a million images by the function's memory",
        "Dollars of a million images a month on Lambda (x86-64, us-east-1) by the function's memory, "
        "as `litescore cost` counts them with the speeds of this run. At 1,769 MB a function has one "
        "whole processor; more gains nothing here.",
    ),
    "variants": (
        "accuracy against size and latency of all variants",
        "Each variant of an export sweep of fashion-basic for LiteRT on this machine: accuracy on the "
        "validation images against the file's size and an image's time.",
    ),
}


def render(results: Results) -> str:
    """The whole page."""
    minutes = sum(piece.minutes for piece in PIECES)
    parts = [_HEAD.format(minutes=minutes), *_machine(results), "## Holds\n", *_holds(results)]
    return "\n".join(
        [*parts, *_unmet(results), *_curves(results), *_pieces(results), *_published(), _MORE]
    )


def _machine(results: Results) -> Iterator[str]:
    told = {key: value for key, value in results.machine.items() if value}
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    rows = [*told.items(), *([("versions", versions)] if versions else [])]
    if latest := _latest(results):
        rows.append(("measured", _when(results, latest)))
    if rows:
        yield "## Machine\n"
        yield _table(("", ""), rows)


def _when(results: Results, latest: Measured) -> str:
    """The last run: its end, commit, minutes and load."""
    if not latest.commit:
        return f"{latest.date[:10]}, by single runs"
    run = [piece for piece in results.pieces.values() if piece.commit == latest.commit]
    minutes = sum(piece.seconds for piece in run) / 60
    load = min(run, key=lambda piece: piece.date).load
    return (
        f"{latest.date} UTC, commit {latest.commit}: {len(run)} pieces in {minutes:.0f} minutes; "
        f"load before them {load:.2f}"
    )


def _latest(results: Results) -> Measured | None:
    return max(results.pieces.values(), key=lambda piece: piece.date, default=None)


def _holds(results: Results) -> Iterator[str]:
    """A table for each title, in the order of the pieces."""
    latest = _latest(results)
    for title in dict.fromkeys(piece.title for piece in PIECES if piece.rows):
        yield f"### {title}\n"
        rows = [
            [*row, _source(piece, results.pieces.get(piece.name), latest)]
            for piece in PIECES
            if piece.title == title
            for row in _rows(piece, results.pieces.get(piece.name))
        ]
        yield _table(("what", "hold", "measured", "", "by"), rows)


def _rows(piece: Piece, measured: Measured | None) -> Iterator[list[str]]:
    for row in piece.rows:
        figure = (measured.rows if measured else {}).get(
            row.name, Figure(skipped="not measured yet")
        )
        told = words.figure_text(row, figure)
        yield [row.what, words.hold_text(row), told, words.verdict(row, figure)]


def _source(piece: Piece, measured: Measured | None, latest: Measured | None) -> str:
    """The piece, and its day where it was not measured in the last run."""
    text = f"[{piece.name}]({piece.page})"
    if measured is None or latest is None:
        return text
    if not measured.commit:
        return f"{text}, published {measured.date[:10]}"
    return (
        text if measured.commit == latest.commit else f"{text}, {measured.date}, {measured.commit}"
    )


def _unmet(results: Results) -> Iterator[str]:
    figures = results.figures()
    held = [row for piece in PIECES for row in piece.rows if row.name in figures]
    rows = [
        (
            row.what,
            words.hold_text(row),
            words.figure_text(row, figures[row.name]),
            words.why(row, figures, {one.name: one for one in held}) or "not looked into yet",
        )
        for row in held
        if words.met(row, figures[row.name]) is False
    ]
    yield "## What is not met, and why\n"
    yield _table(("what", "hold", "measured", "why"), rows) if rows else "All holds are met.\n"


def _curves(results: Results) -> Iterator[str]:
    yield "## Curves\n"
    for name in results.curves():
        alternative, text = CURVES[name]
        yield f"![{alternative}](pictures/bench-{name}.png)\n\n{text}\n"


def _pieces(results: Results) -> Iterator[str]:
    """What each took, and how it is measured by itself."""
    rows = []
    for piece in PIECES:
        measured = results.pieces.get(piece.name)
        took = f"{measured.seconds / 60:.1f}" if measured and measured.seconds else ""
        rows.append((f"[{piece.name}]({piece.page})", took, f"`{piece.command}`"))
    yield "## Each by itself\n\nWith all that it tells.\n"
    yield _table(("piece", "minutes here", "command"), rows)


def _published() -> Iterator[str]:
    rows = [
        (
            one["what"],
            one.get("hold", "none set"),
            one["measured"],
            "met" if one.get("met") else "**not met**" if "met" in one else "",
            f"[`{one['command']}`]({one['page']})",
            str(one["date"]),
        )
        for one in published()
    ]
    yield "## Published runs\n\nToo long for one run of everything; each by its command, on a machine of this kind.\n"
    yield _table(("what", "hold", "measured", "", "published: command", "date"), rows)


def published() -> list[Mapping[str, Any]]:
    """The rows of the long runs."""
    held: list[Mapping[str, Any]] = tomllib.loads(PUBLISHED.read_text(encoding="utf-8"))["row"]
    return held


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
