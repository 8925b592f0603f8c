"""Options and prologues that the cloud's commands share."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from litescore.errors import UsageError
from litescore.settings import Settings

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from infra.package.build import Package

_Command = TypeVar("_Command", bound=Callable[..., Any])

HELP = {"help_option_names": ["-h", "--help"]}
MODEL = click.option(
    "--model", metavar="FILE", help="The .tflite file.  [default: LITESCORE_MODEL]"
)
STACK = click.option(
    "--stack",
    default="litescore",
    show_default=True,
    metavar="NAME",
    help="Name of the deployed stack; its buckets begin with it.",
)
YES = click.option("--yes", is_flag=True, help="Do it without asking.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")


def account_options(command: _Command) -> _Command:
    """--local, --region and --profile: the words of `infra.cloud.account.connect`."""
    for option in (
        click.option("--profile", metavar="NAME", help="Profile of the AWS tools to use."),
        click.option("--region", metavar="REGION", help="AWS region.  [default: the profile's]"),
        click.option("--local", is_flag=True, help="Use the cloud of `litescore local up`."),
    ):
        command = option(command)
    return command


def agreed(question: str, command: str, *, yes: bool) -> bool:
    """The answer of who is asked on the error output; True where --yes was said.

    Raises UsageError where nobody is there to answer.
    """
    if yes:
        return True
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)
        raise UsageError(
            f"{command} asks first, and there is no terminal to ask: say --yes"
        ) from None


def bar_file() -> TextIO:
    """Where progress bars go. Nowhere without a terminal: each would be a lone word there."""
    return sys.stderr if sys.stderr.isatty() else io.StringIO()


def model_file(model: str | None) -> Path:
    """The file that was named. Raises UsageError for none, and for what is no .tflite file."""
    name = model or Settings.read().model
    if name is None:
        raise UsageError("no model: name one with --model or LITESCORE_MODEL")
    if name.startswith("s3://"):
        raise UsageError(f"{name}: a file is needed here, fetch it first: `aws s3 cp {name} .`")
    if name.endswith((".keras", ".h5")) or Path(name).is_dir():
        raise UsageError(
            f"{name} is no .tflite file: make one with `litescore export {name} --out model.tflite`"
        )
    return Path(name)


def build_zip(model: Path, out: Path, **words: Any) -> Package:
    """The function's zip, with what takes time told on the error output, and a progress bar.

    `words` are those of `infra.package.build.build`.
    """
    from infra.package.build import build

    def say(line: str) -> None:
        click.echo(line, err=True)

    with ExitStack() as stack:

        @cache
        def bar(total: int) -> ProgressBar[int]:
            # Made when there is progress to show: before that the model may be refused.
            made: ProgressBar[int] = click.progressbar(
                length=total, label="packing", file=bar_file(), show_eta=False, width=30
            )
            return stack.enter_context(made)

        def progress(done: int, total: int) -> None:
            bar(total).update(done - bar(total).pos)

        return build(model, out, progress=progress, say=say, **words)
