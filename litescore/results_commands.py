"""The commands that read records back: words to arguments, results to lines. No work is done here."""

from __future__ import annotations

import json

import click

from litescore.errors import UsageError


@click.command(short_help="Count what a folder of records holds.")
@click.argument("records")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def results(records: str, as_json: bool) -> None:
    """Count the records at RECORDS: a .jsonl file, a folder or an s3:// prefix of them.

    Of records with the same id one counts: scored, then failed, then superseded.

    \b
    Example:
      litescore results records/
      litescore results s3://bucket/records/ --json
    """
    from litescore import results as reading

    counts = reading.count(reading.read(records))
    if not counts.images:
        raise UsageError(f"no records at {records}: .jsonl or .jsonl.gz files")
    if as_json:
        click.echo(
            json.dumps(
                {
                    "images": counts.images,
                    "status": counts.statuses,
                    "labels": counts.labels,
                    "kinds": counts.kinds,
                    "models": counts.models,
                }
            )
        )
        return
    click.echo(f"{counts.images:,} images")
    for title, counter in (
        ("status", counts.statuses), ("label", counts.labels), ("failed as", counts.kinds)
    ):  # fmt: skip
        for name, number in counter.most_common():
            click.echo(f"  {title:<10} {name:<24} {number:>9,}")
