"""`litescore redrive`: parse and print, nothing else."""

from __future__ import annotations

import click

from infra.options import HELP, STACK, account_options


@click.command(context_settings=HELP)
@STACK
@account_options
def redrive(stack: str, local: bool, region: str | None, profile: str | None) -> None:
    """Send the dead letters back to the queue.

    \b
    Example:
      litescore redrive --stack shoes
    """
    raise NotImplementedError
