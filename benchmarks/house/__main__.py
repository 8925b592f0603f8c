"""`python -m benchmarks.house`: the rows of docs/BENCHMARKS.md, measured in one run."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from benchmarks.house import machine, page, results, run
from benchmarks.house.catalog import PIECES, find
from benchmarks.house.piece import Piece
from benchmarks.house.results import Results
from benchmarks.house.run import Run

LOGS = Path(".cache") / "bench"


@click.command()
@click.option("--only", "names", multiple=True, type=click.Choice([piece.name for piece in PIECES]),
              help="Measure this piece; may be repeated. The others keep their figures.")  # fmt: skip
@click.option(
    "--quick", is_flag=True, help="Tiny sizes, to prove that all runs; nothing is written."
)
@click.option("--render", is_flag=True, help="Write the page from the figures that are there.")
@click.option("--list", "listed", is_flag=True, help="Name the pieces and their minutes.")
def main(names: tuple[str, ...], quick: bool, render: bool, listed: bool) -> None:
    """Measure every row against its limit or peer, and write docs/BENCHMARKS.md.

    The exit code is 1 where a piece failed. A hold that is not met is told, and fails nothing.

    \b
    Example:
      LITESCORE_DATA=datasets python -m benchmarks.house
      python -m benchmarks.house --only batch --only shards
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    pieces = [find(name) for name in names] or list(PIECES)
    if listed:
        for piece in pieces:
            click.echo(f"{piece.name:<18}{piece.minutes:>5.1f} minutes  {len(piece.rows)} rows")
    elif render:
        write(results.read())
    else:
        sys.exit(quickly(pieces) if quick else measure(pieces, whole=not names))


def measure(
    pieces: Sequence[Piece],
    *,
    whole: bool,
    path: Path = results.RESULTS,
    docs: Path = page.DOCS,
    logs: Path = LOGS,
) -> int:
    """Measure and write; the page is written too where somebody stops it under way."""
    held, here = results.read(path), machine.machine()
    if not whole and held.machine and held.machine != here:
        raise click.UsageError("the other figures are of another machine: measure all of it")
    held = replace(held, machine=here, versions=machine.versions())
    logs.mkdir(parents=True, exist_ok=True)
    failed = []
    try:
        for piece, measured in Run(pieces, logs, click.echo).measured():
            failed += run.failed(piece, measured)
            held = replace(held, pieces=_ordered({**held.pieces, piece.name: measured}))
            results.write(held, path)
    finally:
        write(held, docs)
    if failed:
        click.echo(f"failed: {', '.join(failed)}; what was said stands in {logs}/", err=True)
    return int(bool(failed))


def quickly(pieces: Sequence[Piece]) -> int:
    """Every piece in its smallest size, and a page in a folder that goes again."""
    with tempfile.TemporaryDirectory() as name:
        folder, failed, held = Path(name), list[str](), {}
        for piece, measured in Run(pieces, folder, click.echo, quick=True).measured():
            held[piece.name] = measured
            failed += run.failed(piece, measured)
            if measured.error:
                said = (folder / f"{piece.name}.log").read_text(errors="replace")
                click.echo(f"--- {piece.name} said:\n{said[-2000:]}", err=True)
        found, path = Results(machine.machine(), machine.versions(), held), folder / "results.json"
        results.write(found, path)
        write(results.read(path), folder)
    return int(bool(failed))


def write(held: Results, docs: Path = page.DOCS) -> None:
    """The page and its pictures."""
    from benchmarks.house import pictures

    pictures.write(held, docs / "pictures")
    (docs / page.PAGE.name).write_text(page.render(held), encoding="utf-8")
    click.echo(f"wrote {docs / page.PAGE.name}")


def _ordered(pieces: dict[str, results.Measured]) -> dict[str, results.Measured]:
    """As the page has them."""
    places = {piece.name: place for place, piece in enumerate(PIECES)}
    return dict(sorted(pieces.items(), key=lambda pair: places.get(pair[0], len(places))))


if __name__ == "__main__":
    main()
