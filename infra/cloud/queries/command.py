"""`litescore query`: parse and print, nothing else."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from infra.amounts import size
from infra.options import HELP, JSON, STACK, account_options
from litescore.errors import UsageError
from litescore.terminal import printable

if TYPE_CHECKING:
    from infra.cloud.queries.query import Answer, Value

# Rows that a terminal shows, and letters of a value in them.
_ROWS = 100
_WIDEST = 60
_DATE = click.DateTime(["%Y-%m-%d"])


@click.command(context_settings=HELP)
@click.argument("question", metavar="[VIEW|SQL]", default="daily")
@click.option(
    "--limit",
    type=click.IntRange(0),
    metavar="N",
    help=f"Rows at most, 0 for all.  [default: {_ROWS} in a table, else all]",
)
@click.option(
    "--since",
    type=_DATE,
    metavar="DATE",
    help="Records of images from this day on (2026-11-29); reads no others.",
)
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print the result as CSV, with a header.")
@STACK
@account_options
def query(
    question: str,
    limit: int | None,
    since: Any,
    as_json: bool,
    as_csv: bool,
    stack: str,
    local: bool,
    region: str | None,
    profile: str | None,
) -> None:
    """Ask Athena about the records of a deployed job.

    A view is daily (how many images of each label, and failures, a day had), latest (one record for
    each image and model) or records (all of them, redelivered ones too); its columns are the
    fields of a record and dt, the date of the image. A table leaves some of them out. SQL is a
    SELECT of Athena's (Trino) over the views. How much was read, and what it costs, is told on
    standard error. Ctrl-C stops the query.

    \b
    Example:
      litescore query daily --stack shoes
      litescore query latest --since 2026-11-01 --limit 20
      litescore query "SELECT label, count(*) FROM latest GROUP BY label" --csv
    """
    from infra.cloud import account, queries
    from infra.cloud.queries import query as asking
    from infra.cloud.stack import find

    if as_json and as_csv:
        raise UsageError("either --json or --csv: one form at a time")
    table = not (as_json or as_csv)
    most = limit if limit is not None else _ROWS if table else 0
    # One more tells whether there are more.
    text = queries.statement(question, limit=most + 1 if most else None, narrow=table)
    where = account.connect(local=local, region=region, profile=profile)
    day = since.date().isoformat() if since else None
    with _progress() as tell:
        answer = asking.ask(where, find(where, stack), text, since=day, tell=tell)
    rows = islice(answer.rows, most or None)
    if as_json:
        _print_json(answer, rows)
    elif as_csv:
        _print_csv(answer, rows)
    else:
        _print_table([name for name, _ in answer.columns], list(rows))
    if most and next(answer.rows, None) is not None:
        click.echo(f"the first {most:,} rows; --limit 0 prints all", err=True)
    click.echo(_cost(answer), err=True)


@contextmanager
def _progress() -> Iterator[Callable[[float, int], None]]:
    """A line on a terminal that says how long it has been."""
    shown = sys.stderr.isatty()

    def tell(seconds: float, scanned: int) -> None:
        if shown:
            click.echo(f"\rquery  {seconds:.0f} s, {size(scanned)} read \033[K", err=True, nl=False)

    try:
        yield tell
    finally:
        if shown:
            click.echo("\r\033[K", err=True, nl=False)


def _print_json(answer: Answer, rows: Iterator[tuple[Value, ...]]) -> None:
    names = [name for name, _ in answer.columns]
    columns = [{"name": name, "type": kind} for name, kind in answer.columns]
    listed = [dict(zip(names, row, strict=True)) for row in rows]
    read = {"scanned_bytes": answer.scanned, "dollars": answer.dollars}
    click.echo(json.dumps({"columns": columns, "rows": listed} | read))


def _print_csv(answer: Answer, rows: Iterator[tuple[Value, ...]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(name for name, _ in answer.columns)
    writer.writerows(rows)


def _print_table(names: list[str], rows: list[tuple[Value, ...]]) -> None:
    texts = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *texts, strict=True)]
    numbers = [any(isinstance(row[i], int | float) for row in rows) for i in range(len(names))]
    for line in ([*names], *texts):
        cells = (
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(line, widths, numbers, strict=True)
        )
        click.echo("  ".join(cells).rstrip())
    if not rows:
        click.echo("no rows", err=True)


def _cell(value: Value) -> str:
    if value is None:
        return ""
    text = printable(f"{value:.4g}" if isinstance(value, float) else str(value))
    return text if len(text) <= _WIDEST else f"...{text[3 - _WIDEST :]}"


def _cost(answer: Answer) -> str:
    price = f", about ${answer.dollars:.5f}" if answer.dollars else ""
    return f"{size(answer.scanned)} read{price}"
