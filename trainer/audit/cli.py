"""The command `litescore audit`: parses words and prints lines. The work is elsewhere."""

from __future__ import annotations

import click


@click.command()
@click.argument("source")
def audit(source: str) -> None:
    """Find what is wrong with a data set before a model learns it.

    \b
    Example:
      litescore audit photos/ --out audit.html
    """
    raise NotImplementedError(source)
