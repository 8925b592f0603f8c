"""The commands that read records back: words to arguments, results to lines. No work is done here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from litescore import settings
from litescore.errors import UsageError
from litescore.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from litescore.results.counts import Counts
    from litescore.results.groups import Group

_LEAST_SURE = 10
_MODEL = 12
_BAR = 24


@click.command(
    short_help="Count what a folder of records holds.",
    epilog=settings.table("max_bytes", "max_shard_bytes", "max_pixels"),
)
@click.argument("records")
@click.option("--html", type=click.Path(dir_okay=False), help="Write a page with pictures.")
@click.option(
    "--pictures",
    type=click.IntRange(0, 1000),
    default=48,
    show_default=True,
    help="Pictures in each part of the page: failed, least sure, some of each label.",
)
@click.option(
    "--by",
    metavar="FIELDS",
    help="A table instead, a line for each: model, device, label, status, kind (of failure), day, "
    "hour, or several of them with commas between.",
)
@click.option(
    "--unsure",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="With --by: an image whose label is less probable than this is unsure.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def results(
    records: str, html: str | None, pictures: int, by: str | None, unsure: float, as_json: bool
) -> None:
    """Count the records at RECORDS: a .jsonl or .csv file, a folder or an s3:// prefix of them.

    Of records with the same id one counts: scored, then failed, then superseded. A million take no
    more memory than a thousand; they are kept in the temporary folder (TMPDIR) meanwhile. The
    page's pictures are read from where they were scored. Days and hours are those of scoring (UTC).

    \b
    Example:
      litescore results records/
      litescore results records/ --by model,device
      litescore results s3://bucket/records/ --html results.html
      litescore results records/ --json
    """
    from litescore import results as reading

    if by is not None:
        if html:
            raise UsageError("--html is a page about all records: leave out --by")
        _tell_groups(records, by, unsure, as_json)
        return
    counts = reading.count(reading.read(records), pictures=pictures if html else _LEAST_SURE)
    if not counts.images:
        raise _nothing(records)
    if html:
        from litescore.results import page as results_page

        results_page.build(counts, records, settings.Settings.read()).write(html)
    if as_json:
        click.echo(json.dumps(counts.as_json()))
        return
    _print_counts(counts)
    if html:
        click.echo(f"pictures in {html}")


def _nothing(records: str) -> UsageError:
    return UsageError(
        f"no records at {records}: .jsonl, .jsonl.gz, or tables as `score --format csv` names them"
    )


def _tell_groups(records: str, by: str, unsure: float, as_json: bool) -> None:
    from litescore import results as reading
    from litescore.results import groups

    names = groups.fields(by)
    found = groups.grouped(reading.read(records), names, unsure)
    if not found:
        raise _nothing(records)
    if as_json:
        rows = [group.as_json(names) for group in found]
        click.echo(json.dumps({"by": names, "unsure_below": unsure, "groups": rows}))
        return
    for line in _table(names, found, unsure):
        click.echo(printable(line))


def _table(by: tuple[str, ...], groups: Iterable[Group], unsure: float) -> list[str]:
    """A line for each group under a header, in columns."""
    header = (*by, "images", "failed", "confidence", f"below {unsure:g}", "first", "last")
    rows = [header, *(_cells(by, group) for group in groups)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numbers = range(len(by), len(by) + 4)
    return [
        "  ".join(
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _cells(by: tuple[str, ...], group: Group) -> tuple[str, ...]:
    named = [
        "-" if value is None else value[:_MODEL] if name == "model" else value.replace("T", " ")
        if name == "hour" else " ".join(value.split())
        for name, value in zip(by, group.values, strict=True)
    ]  # fmt: skip
    sure, share = group.confidence, group.unsure_share
    times = (at[:19].replace("T", " ") for at in (group.first, group.last))
    return (
        *named,
        f"{group.images:,}",
        f"{group.failed:,}",
        "-" if sure is None else f"{sure:.3f}",
        "-" if share is None else f"{share:.1%}",
        *times,
    )


def _print_counts(counts: Counts) -> None:
    from litescore.results.counts import STEPS, place

    click.echo(f"{counts.images:,} images")
    for title, counter in (
        ("status", counts.statuses), ("label", counts.labels), ("failed as", counts.kinds)
    ):  # fmt: skip
        for name, number in counter.most_common():
            click.echo(printable(f"  {title:<10} {name:<24} {number:>9,}"))
    most = max(counts.confidences)
    for step, number in enumerate(counts.confidences if most else []):
        span = f"{step / STEPS:.1f} to {(step + 1) / STEPS:.1f}"
        bar = "#" * -(-number * _BAR // most)
        click.echo(f"  {'sure':<10} {span:<24} {number:>9,}  {bar}".rstrip())
    for record in counts.least_sure[:_LEAST_SURE]:
        least = f"  least sure {record.label or '':<24} {record.score:>9.4f}  {place(record)}"
        click.echo(printable(least))
    for cause in counts.most_frequent_causes:
        first = place(cause.examples[0])
        click.echo(printable(f"  {cause.images:,} {cause.kind}: {cause.reason} (such as {first})"))


@click.command(
    short_help="Hold inputs against their records: none missing, none double.",
    epilog=settings.table("max_bytes", "max_shard_bytes", "max_pixels"),
)
@click.argument("inputs", nargs=-1, required=True)
@click.argument("records")
@click.option(
    "--include", multiple=True, metavar="GLOB", help="Only images that fit; may be repeated."
)
@click.option(
    "--exclude", multiple=True, metavar="GLOB", help="No images that fit; may be repeated."
)
@click.option(
    "--members", is_flag=True, help="Read each shard, and want a record for each image in it."
)
@click.option(
    "--show",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="How many of the missing and of the double are named.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def reconcile(
    inputs: tuple[str, ...],
    records: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    members: bool,
    show: int,
    as_json: bool,
) -> int:
    """Hold INPUTS against the RECORDS made of them, and exit with 1 unless they balance.

    INPUTS are what was scored, named as it was then (see `litescore score --help`): folders,
    files, globs, s3:// prefixes, @manifests. RECORDS is a folder, file or s3:// prefix of records.
    They balance when each listed image, under the ETag it is listed with, has one record that is
    scored or failed. For a shard (zip, tar, npz, IDX) any record of it will do: with --members it
    is read again, within the limits below, and each member needs its own.

    \b
    Example:
      litescore reconcile photos/ records/
      litescore reconcile s3://bucket/in/ s3://other/records/ --json
      litescore reconcile @images.csv records/
      litescore reconcile shards/ records/ --members
    """
    from litescore import results as reading
    from litescore.results.reconcile import balance
    from litescore.sources import subjects

    found = balance(
        subjects(inputs, include, exclude),
        reading.written(records),
        show=show,
        members=settings.Settings.read() if members else None,
    )
    for line in [json.dumps(found.as_json())] if as_json else found.lines():
        click.echo(printable(line))
    return 0 if found.holds else 1
