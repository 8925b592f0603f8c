"""`litescore cost`: parse and print, nothing else."""

from __future__ import annotations

import click

from infra.options import HELP


@click.command(context_settings=HELP)
def cost() -> None:
    """Say what scoring costs, by way and machine.

    \b
    Example:
      litescore cost --images 1000000 --size 40
    """
    raise NotImplementedError
