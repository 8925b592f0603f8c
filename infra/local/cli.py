"""`litescore local`: parse and print, nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.options import HELP, MODEL, build_zip, model_file
from litescore.errors import ConfigurationError
from litescore.settings import table

if TYPE_CHECKING:
    from infra.local.cloud import LocalCloud


@click.group(context_settings=HELP)
def local() -> None:
    """Run the whole cloud job on this machine.

    \b
    Example:
      litescore local up --model model.tflite
    """


@local.command(context_settings=HELP, epilog=table("model"))
@MODEL
def up(model: str | None) -> None:
    """Start a cloud on this machine, deploy the template into it, and wait for Ctrl-C.

    S3 with notifications, SQS and Lambda in processes, on a free port of 127.0.0.1, without
    Docker or an account. Images put into the input bucket become records in the output bucket.
    All of it ends with this command.

    \b
    Example:
      litescore local up --model model.tflite
    """
    from infra.local.cloud import running
    from infra.processes import unwinding_on_signals

    with (
        unwinding_on_signals(),
        tempfile.TemporaryDirectory(prefix="litescore-up-") as folder,
    ):
        built = build_zip(model_file(model), Path(folder))
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
