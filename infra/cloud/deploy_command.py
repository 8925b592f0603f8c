"""`litescore deploy`: parse and print, nothing else."""

from __future__ import annotations

import click

from infra.options import HELP, STACK, account_options


@click.command(context_settings=HELP)
@STACK
@account_options
def deploy(stack: str, local: bool, region: str | None, profile: str | None) -> None:
    """Deploy the cloud job into an account, after showing the plan.

    \b
    Example:
      litescore deploy --package build/ --stack shoes
    """
    raise NotImplementedError
