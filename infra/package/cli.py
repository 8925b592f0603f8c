"""`litescore package`: parse and print, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.options import HELP, MODEL, build_zip, model_file
from litescore.settings import table

if TYPE_CHECKING:
    from infra.package.build import Package


@click.command(context_settings=HELP, epilog=table("model"))
@MODEL
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build"),
    show_default=True,
    metavar="FOLDER",
    help="Write function.zip into this folder.",
)
def package(model: str | None, out: Path) -> None:
    """Build the function's zip for AWS Lambda.

    It holds the handler, the model and the libraries as they are installed here, so it is for
    this Python and this platform.

    \b
    Example:
      litescore package --model model.tflite --out build/
    """
    _print_package(build_zip(model_file(model), out))


def _print_package(built: Package) -> None:
    from infra.cloud.deploy import PYTHON
    from infra.package.build import UNPACKED_LIMIT

    click.echo(
        f"{built.path}: {_mb(built.zipped)}, unpacks to {_mb(built.unpacked)} "
        f"of {_mb(UNPACKED_LIMIT)}"
    )
    for name, size in built.parts:
        if size >= 100_000:
            click.echo(f"  {_mb(size):>9}  {name}")
    if built.python == PYTHON:
        click.echo(f"for Python {built.python}, as the function on AWS")
    else:
        click.echo(
            f"for Python {built.python}, so for `litescore local` only: the function on AWS runs "
            f"Python {PYTHON}, package with that to deploy there"
        )


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
