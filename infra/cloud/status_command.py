"""`litescore status`: parse and print, nothing else."""

from __future__ import annotations

import click

from infra.options import HELP, STACK, account_options


@click.command(context_settings=HELP)
@STACK
@account_options
def status(stack: str, local: bool, region: str | None, profile: str | None) -> None:
    """Show queue, errors and newest records of a deployed job.

    \b
    Example:
      litescore status --stack shoes
    """
    raise NotImplementedError
