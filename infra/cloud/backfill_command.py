"""`litescore backfill`: parse and print, nothing else."""

from __future__ import annotations

import click

from infra.options import HELP, STACK, account_options


@click.command(context_settings=HELP)
@STACK
@account_options
def backfill(stack: str, local: bool, region: str | None, profile: str | None) -> None:
    """Score what is already in a bucket, with progress and cost.

    \b
    Example:
      litescore backfill s3://bucket/prefix/
    """
    raise NotImplementedError
