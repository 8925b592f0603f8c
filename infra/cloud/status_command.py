"""`litescore status`: parse and print, nothing else."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime

import click

from infra.options import HELP, JSON, STACK, account_options


@click.command(context_settings=HELP)
@click.option(
    "--watch",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Show it anew every so many seconds, until Ctrl-C.",
)
@click.option(
    "--newest",
    "records",
    type=click.IntRange(min=1, max=100),
    default=5,
    show_default=True,
    metavar="N",
    help="Newest records to show.",
)
@JSON
@STACK
@account_options
def status(
    watch: float | None,
    records: int,
    as_json: bool,
    stack: str,
    local: bool,
    region: str | None,
    profile: str | None,
) -> None:
    """Show queue, errors and newest records of a deployed job.

    A part that cannot be read says why, and hides no other.

    \b
    Example:
      litescore status --stack shoes
      litescore status --stack shoes --watch 10
    """
    from infra.cloud.account import connect
    from infra.cloud.stack import find
    from infra.cloud.status import read
    from infra.cloud.status_text import lines

    account = connect(local=local, region=region, profile=profile)
    found = find(account, stack)
    try:
        while True:
            parts = read(account, found, records=records)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            if as_json:
                click.echo(json.dumps({"stack": stack, "at": now, **parts}))
            else:
                if watch:
                    _between()
                click.echo(f"stack {stack} in {account.name}, {now}")
                click.echo("\n".join(lines(parts)))
            if not watch:
                return
            time.sleep(watch)
    except KeyboardInterrupt:
        # How a watch ends.
        return


def _between() -> None:
    """What parts one showing from the next: a clear screen, or a line where there is none."""
    if sys.stdout.isatty():
        click.clear()
    else:
        click.echo()
