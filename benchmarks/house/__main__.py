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


def measure(pieces: Sequence[Piece], *, whole: bool) -> int:
    """Measure and write; the page is written too where somebody stops it under way."""
    held = results.read()
    here = machine.machine()
    if not whole and held.machine and held.machine != here:
        raise click.UsageError("the other figures are of another machine: measure all of it")
    held = replace(held, machine=here, versions=machine.versions())
    LOGS.mkdir(parents=True, exist_ok=True)
    failed = []
    try:
        for piece, measured in run.run(pieces, LOGS, click.echo):
            failed += run.failed(piece, measured)
            held = replace(held, pieces=_ordered({**held.pieces, piece.name: measured}))
            results.write(held)
    finally:
        write(held)
    if failed:
        click.echo(f"failed: {', '.join(failed)}; what was said stands in {LOGS}/", err=True)
    return int(bool(failed))


def quickly(pieces: Sequence[Piece]) -> int:
    """Every piece in its smallest size, and a page in a folder that goes again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {
            one.name: measured for one, measured in run.run(pieces, folder, click.echo, quick=True)
        }
        held = Results(machine.machine(), machine.versions(), found)
        results.write(held, folder / "results.json")
        write(results.read(folder / "results.json"), folder)
        failed = [name for piece in pieces for name in run.failed(piece, found[piece.name])]
        for log in (folder / f"{piece.name}.log" for piece in pieces):
            if found[log.stem].error and log.exists():
                click.echo(f"--- {log.stem}\n{log.read_text(errors='replace')[-2000:]}", err=True)
    return int(bool(failed))


def write(held: Results, docs: Path = page.DOCS) -> None:
    """The page and its pictures."""
    from benchmarks.house import pictures

    pictures.write(held, docs / "pictures")
    (docs / page.PAGE.name).write_text(page.render(held), encoding="utf-8")
    click.echo(f"wrote {docs / page.PAGE.name}")


def _ordered(pieces: dict[str, results.Measured]) -> dict[str, results.Measured]:
    """As the page has them; what is no piece any more is left out."""
    return {piece.name: pieces[piece.name] for piece in PIECES if piece.name in pieces}


if __name__ == "__main__":
    main()
