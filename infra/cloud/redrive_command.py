"""`litescore redrive`: parse and print, nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from infra.options import HELP, JSON, STACK, YES, account_options, agreed, bar_file
from litescore.terminal import printable

if TYPE_CHECKING:
    from infra.cloud.account import Account
    from infra.cloud.redrive import Waiting
    from infra.cloud.stack import Stack


@click.command(context_settings=HELP)
@click.option(
    "--max", "most", type=click.IntRange(min=1), metavar="N", help="Send this many back at most."
)
@YES
@JSON
@STACK
@account_options
def redrive(
    most: int | None,
    yes: bool,
    as_json: bool,
    stack: str,
    local: bool,
    region: str | None,
    profile: str | None,
) -> None:
    """Send the dead letters back to the queue.

    They are the images that could not be scored in five tries for a passing reason: S3 did not
    answer, the function had no time or no permission. Shows some of them and what the function said
    before it asks. Mend the cause first, or they come back.

    \b
    Example:
      litescore redrive --stack shoes
      litescore redrive --stack shoes --max 10 --yes
    """
    from infra.cloud.account import connect
    from infra.cloud.redrive import look
    from infra.cloud.stack import find

    account = connect(local=local, region=region, profile=profile)
    found = find(account, stack)
    waiting = look(account, found)
    wanted = False
    if waiting.count:
        _say(_shown(waiting, most))
        wanted = agreed("Send them back?", "litescore redrive", yes=yes)
    moved = _send_back(account, found, most) if wanted else 0
    if as_json:
        click.echo(json.dumps({"waiting": waiting.count, "moved": moved}))
    else:
        told = f"{moved:,} of {waiting.count:,} sent back"
        click.echo(told if waiting.count else "nothing to redrive")


def _shown(waiting: Waiting, most: int | None) -> str:
    lines = [f"{waiting.count:,} dead letters" + (f", {most:,} go back at most" if most else "")]
    for letter in waiting.letters:
        reason = letter.reason or "the log does not say why"
        lines.append(printable(f"  {letter.sent:%Y-%m-%d %H:%M}  {letter.what}: {reason}"))
    if waiting.count > len(waiting.letters):
        lines.append("  ...")
    return "\n".join(lines)


def _send_back(account: Account, stack: Stack, most: int | None) -> int:
    from infra.cloud.redrive import send_back

    done = 0
    with click.progressbar(length=1, label="redrive", file=bar_file(), width=30) as bar:
        for moved in send_back(account, stack, most):
            bar.length = max(1, moved.total)
            bar.update(moved.done - done)
            done = moved.done
    return done


def _say(text: str) -> None:
    click.echo(text, err=True)
