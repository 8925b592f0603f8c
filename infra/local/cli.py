"""`litescore local`: parse and print, nothing else."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.options import HELP, MODEL, STACK, build_zip, model_file
from litescore.errors import ConfigurationError, UsageError
from litescore.settings import table

if TYPE_CHECKING:
    from infra.local.cloud import LocalCloud
    from infra.local.state import Running

# For --keep without a folder: the one under the user's state.
_DEFAULT_KEEP = ""
_PORT = click.IntRange(1024, 65535)
_PATH = click.Path(path_type=Path)


@click.group(context_settings=HELP, invoke_without_command=True)
@click.option("--check", "checks", is_flag=True, help="The same as `litescore local check`.")
@MODEL
@click.pass_context
def local(context: click.Context, checks: bool, model: str | None) -> int:
    """Run the whole cloud job on this machine.

    \b
    Example:
      litescore local up --model model.tflite
      litescore local --check --model model.tflite
    """
    if context.invoked_subcommand is not None:
        if checks or model:
            raise click.UsageError(f"name options after {context.invoked_subcommand}")
        return 0
    if not checks:
        raise click.UsageError("name a command, or --check:\n\n" + context.get_help())
    return _check(model, as_json=False)


@local.command(context_settings=HELP, epilog=table("model"))
@MODEL
@click.option("--package", type=_PATH, metavar="ZIP", help="Zip, or folder of one, made before.")
@click.option(
    "--keep",
    is_flag=False,
    flag_value=_DEFAULT_KEEP,
    metavar="[FOLDER]",
    help="Keep what is in the cloud for the next time, in this folder. Without its name "
    "litescore/cloud under XDG_STATE_HOME, or ~/.local/state.",
)
@click.option(
    "--port", type=_PORT, default=None, help="Port of the endpoint.  [default: any that is free]"
)
@click.option(
    "--page-port",
    type=_PORT,
    default=None,
    help="Port of the web page.  [default: any that is free]",
)
@STACK
def up(
    model: str | None,
    package: Path | None,
    keep: str | None,
    port: int | None,
    page_port: int | None,
    stack: str,
) -> None:
    """Start the cloud on this machine, until Ctrl-C.

    Deploys the template into it, and waits.

    S3 with notifications, SQS, Lambda, Step Functions and Athena in processes, on 127.0.0.1,
    without Docker or an account. Images put into the input bucket become records in the output
    bucket; a web page shows it. All of it ends with this command, and without --keep it is
    removed. Meanwhile status, backfill, redrive, query and destroy find it with --local.

    \b
    Example:
      litescore local up --model model.tflite
      litescore local up --model model.tflite --keep
      litescore local up --package build/ --keep ~/cloud --port 4566
    """
    from infra.cloud.deployment.deploy import check_name
    from infra.local import cloud as clouds
    from infra.local import keeping, page, state
    from infra.processes import unwinding_on_signals

    check_name(stack)
    folder = None if keep is None else Path(keep).expanduser() if keep else keeping.default_folder()
    with unwinding_on_signals(), ExitStack() as told, ExitStack() as stopping:
        if package is None:
            scratch = stopping.enter_context(tempfile.TemporaryDirectory(prefix="litescore-up-"))
            zip_file = build_zip(model_file(model), Path(scratch)).path
        else:
            zip_file = _made_before(package, model)
        cloud = stopping.enter_context(
            clouds.running(zip_file, say=_say, name=stack, port=port or 0, keep=folder)
        )
        shown = stopping.enter_context(page.shown(cloud.account, cloud.stack, page_port or 0))
        running = state.Running(cloud.endpoint, stack, os.getpid(), shown)
        # Outside of the rest: who waits for the announcement to go finds the folder free.
        told.enter_context(state.announced(running))
        click.echo(_how_to_use(cloud, shown, folder))
        _wait(cloud)


@local.command(context_settings=HELP, epilog=table("model"))
@MODEL
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def check(model: str | None, as_json: bool) -> int:
    """Prove that the local cloud does all it should.

    Exit code 1 where it does not. In the one that runs, else in one that is started for it, which needs a model: a few images
    and a broken one become records, a message that cannot be used becomes a dead letter, one is
    sent back. What was put there is taken away again.

    \b
    Example:
      litescore local check --model model.tflite
    """
    return _check(model, as_json=as_json)


@local.command(context_settings=HELP)
def env() -> None:
    """Print exports by which a shell uses the local cloud.

    AWS's tools, boto3 and litescore then talk to the local cloud that runs.

    \b
    Example:
      eval "$(litescore local env)" && aws s3 ls
    """
    from infra.local.cloud import environ

    for name, value in environ(_running().endpoint).items():
        click.echo(f"export {name}={value}")


@local.command(context_settings=HELP)
def down() -> None:
    """End the local cloud that runs, and wait until it has.

    \b
    Example:
      litescore local down
    """
    from infra.local import ending

    found = _running()
    ending.end(found)
    click.echo(f"ended the local cloud at {found.endpoint}")


def _check(model: str | None, *, as_json: bool) -> int:
    import json

    from infra.local import selftest, state
    from infra.processes import unwinding_on_signals

    found = state.running()
    with unwinding_on_signals(), tempfile.TemporaryDirectory(prefix="litescore-check-") as scratch:
        if found is None:
            file = model_file(model)
            _say("no local cloud is running: starting one for the check")
            package = build_zip(file, Path(scratch)).path
            results = selftest.started(package, say=_say, tell=_nothing if as_json else _tell)
        else:
            results = selftest.running(found, tell=_nothing if as_json else _tell)
    if as_json:
        click.echo(json.dumps({"ok": selftest.good(results), "steps": selftest.as_json(results)}))
    else:
        click.echo(selftest.summary(results))
    return 0 if selftest.good(results) else 1


def _made_before(package: Path, model: str | None) -> Path:
    from infra.cloud.deployment import function_zip

    found = function_zip.read(function_zip.find(package))
    function_zip.check_target(found, local=True)
    if model and found.model_sha256 != hashlib.sha256(Path(model).read_bytes()).hexdigest():
        raise UsageError(f"{found.path} holds another model than {model}: name one of the two only")
    return found.path


def _running() -> Running:
    from infra.local import state

    found = state.running()
    if found is None:
        raise ConfigurationError(
            "no local cloud is running: start one with `litescore local up --model FILE`"
        )
    return found


def _wait(cloud: LocalCloud) -> None:
    program = cloud.server.program
    try:
        program.wait()
    except (KeyboardInterrupt, SystemExit):
        _say("stopping")
        return
    raise ConfigurationError(f"ministack ended by itself: {program.tail(1)}")


def _how_to_use(cloud: LocalCloud, page: str, keep: Path | None) -> str:
    settings = " ".join(f"{name}={value}" for name, value in cloud.environ.items())
    end = "removes it" if keep is None else f"keeps it in {keep}"
    return "\n".join(
        (
            f"endpoint  {cloud.endpoint}",
            f"page      {page}",
            f"images    s3://{cloud.input_bucket}/",
            f"records   {cloud.output}",
            "",
            f"export {settings}",
            f"aws --endpoint-url {cloud.endpoint} s3 cp image.png s3://{cloud.input_bucket}/",
            f"litescore results {cloud.output}",
            f"litescore status --local{_stack_option(cloud.stack.name)}",
            "",
            f"Ctrl-C stops everything and {end}.",
        )
    )


def _stack_option(name: str) -> str:
    return "" if name == "litescore" else f" --stack {name}"


def _tell(line: str) -> None:
    click.echo(line)


def _nothing(_line: str) -> None:
    pass


def _say(text: str) -> None:
    click.echo(text, err=True)
