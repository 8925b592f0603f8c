"""`litescore destroy`: parse and print, nothing else."""

from __future__ import annotations

import click

from infra.options import HELP, STACK, account_options


@click.command(context_settings=HELP)
@STACK
@account_options
def destroy(stack: str, local: bool, region: str | None, profile: str | None) -> None:
    """Remove a deployed job, after saying what goes and what stays.

    \b
    Example:
      litescore destroy --stack shoes
    """
    raise NotImplementedError
