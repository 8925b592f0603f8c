"""`litescore query`: parse and print, nothing else."""

from __future__ import annotations

import click

from infra.options import HELP, STACK, account_options


@click.command(context_settings=HELP)
@STACK
@account_options
def query(stack: str, local: bool, region: str | None, profile: str | None) -> None:
    """Ask Athena about the records of a deployed job.

    \b
    Example:
      litescore query daily --stack shoes
    """
    raise NotImplementedError
