"""`litescore package` and `litescore local`: parse and print, nothing else."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litescore.errors import ConfigurationError, UsageError
from litescore.settings import Settings, table

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from infra.local import LocalCloud
    from infra.package import Package

_HELP = {"help_option_names": ["-h", "--help"]}
_MODEL = click.option("--model", metavar="FILE", help="The .tflite file; default: LITESCORE_MODEL.")


@click.command(context_settings=_HELP, epilog=table("model"))
@_MODEL
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
    _print_package(_build(_model(model), out))


@click.group(context_settings=_HELP)
def local() -> None:
    """Run the whole cloud job on this machine.

    \b
    Example:
      litescore local up --model model.tflite
    """


@local.command(context_settings=_HELP, epilog=table("model"))
@_MODEL
def up(model: str | None) -> None:
    """Start a cloud on this machine, deploy the template into it, and wait for Ctrl-C.

    S3 with notifications, SQS and Lambda in processes, on a free port of 127.0.0.1, without
    Docker or an account. Images put into the input bucket become records in the output bucket.
    All of it ends with this command.

    \b
    Example:
      litescore local up --model model.tflite
    """
    from infra.local import running
    from infra.processes import unwinding_on_signals

    with (
        unwinding_on_signals(),
        tempfile.TemporaryDirectory(prefix="litescore-up-") as folder,
    ):
        built = _build(_model(model), Path(folder))
        with running(built.path, say=_say) as cloud:
            click.echo(_how_to_use(cloud))
            _wait(cloud)


def _wait(cloud: LocalCloud) -> None:
    program = cloud.server.program
    try:
        program.wait()
    except (KeyboardInterrupt, SystemExit):
        _say("stopping")
        return
    raise ConfigurationError(f"ministack ended by itself: {program.tail(1)}")


def _model(model: str | None) -> Path:
    name = model or Settings.read().model
    if name is None:
        raise UsageError("no model: name one with --model or LITESCORE_MODEL")
    return Path(name)


def _build(model: Path, out: Path) -> Package:
    from infra.package import build

    with ExitStack() as stack:

        @cache
        def bar(total: int) -> ProgressBar[int]:
            # Made when there is progress to show: before that the model may be refused.
            made: ProgressBar[int] = click.progressbar(
                length=total, label="package", file=sys.stderr, show_eta=False, width=30
            )
            return stack.enter_context(made)

        def progress(done: int, total: int) -> None:
            bar(total).update(done - bar(total).pos)

        return build(model, out, progress=progress)


def _print_package(built: Package) -> None:
    from infra.deploy import PYTHON
    from infra.package import UNPACKED_LIMIT

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


def _how_to_use(cloud: LocalCloud) -> str:
    settings = " ".join(f"{name}={value}" for name, value in cloud.environ.items())
    return "\n".join(
        (
            f"endpoint  {cloud.endpoint}",
            f"images    s3://{cloud.input_bucket}/",
            f"records   {cloud.output}",
            "",
            f"export {settings}",
            f"aws --endpoint-url {cloud.endpoint} s3 cp image.png s3://{cloud.input_bucket}/",
            f"litescore results {cloud.output}",
            "",
            "Ctrl-C stops everything and removes it.",
        )
    )


def _say(text: str) -> None:
    click.echo(text, err=True)
