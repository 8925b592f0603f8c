"""The `litescore` command: a table of commands, each loaded only when it runs.

Only click is imported here, so that `litescore --help` answers at once. Each room's `cli.py` holds
its commands; the floor's own are in `litescore.*_commands`.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from litescore import __version__
from litescore.errors import LitescoreError
from litescore.terminal import printable

_LAYOUT = "\n\t"
# name -> (module:attribute, short help). The short help stands here so that `--help` need not
# import every room; a test holds it equal to the command's own.
COMMANDS = {
    "train": ("trainer.cli:train", "Fit a Keras model and say how good it is."),
    "audit": (
        "trainer.audit.cli:audit",
        "Find what is wrong with a data set before a model learns it.",
    ),
    "export": ("export.cli:export", "Convert a trained model to a .tflite file, and prove it."),
    "inspect": ("litescore.model_commands:inspect", "Show what a .tflite file holds."),
    "verify": ("litescore.model_commands:verify", "Replay the golden samples on this runtime."),
    "describe": ("litescore.model_commands:describe", "Give a foreign .tflite file its contract."),
    "evaluate": ("litescore.model_commands:evaluate", "Measure the accuracy of a .tflite file."),
    "bench": ("litescore.bench.cli:bench", "Measure the latency of .tflite files here."),
    "score": ("litescore.record_commands:score", "Score images into records, one JSON line each."),
    "results": ("litescore.results_commands:results", "Count what a folder of records holds."),
    "reconcile": (
        "litescore.results_commands:reconcile",
        "Hold inputs against their records: none missing, none double.",
    ),
    "review": (
        "litescore.review_commands:review",
        "Confirm or correct labels in the browser, for training.",
    ),
    "publish": ("litescore.release_commands:publish", "Sign a model file and hand it out."),
    "promote": (
        "litescore.release_commands:promote",
        "Let one channel hand out what another does.",
    ),
    "rollback": (
        "litescore.release_commands:rollback",
        "Let a channel hand out the release before.",
    ),
    "releases": (
        "litescore.release_commands:releases",
        "Show the channels of a model and their history.",
    ),
    "keys": (
        "litescore.release_commands:keys",
        "Make and look at the keys that releases are signed with.",
    ),
    "edge": ("edge.cli:edge", "Score camera frames on this device."),
    "package": ("infra.package.cli:package", "Build the function's zip for AWS Lambda."),
    "deploy": (
        "infra.cloud.deployment.deploy_command:deploy",
        "Deploy the cloud job into an account, after showing the plan.",
    ),
    "backfill": (
        "infra.cloud.backfills.command:backfill",
        "Score what is already in a bucket, with progress and cost.",
    ),
    "redrive": (
        "infra.cloud.redrive_command:redrive",
        "Send the dead letters back to the queue.",
    ),
    "status": (
        "infra.cloud.status_command:status",
        "Show queue, errors and newest records of a deployed job.",
    ),
    "query": (
        "infra.cloud.queries.command:query",
        "Ask Athena about the records of a deployed job.",
    ),
    "destroy": (
        "infra.cloud.deployment.destroy_command:destroy",
        "Remove a deployed job, after saying what goes and what stays.",
    ),
    "cost": ("infra.cost.cli:cost", "Say what scoring costs, by way and machine."),
    "local": ("infra.local.cli:local", "Run the whole cloud job on this machine."),
}
ROOMS_EXTRA = {"trainer": "train", "export": "train", "infra": "local", "edge": "edge"}


class LazyGroup(click.Group):
    """A click group that imports a command's module when the command is used."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """In the order of COMMANDS, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Imports the command's module; None for a name that is none."""
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name][0].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Fails with the command that was meant, where one is spelled nearly so."""
        word = args[0] if args and not ctx.resilient_parsing else "-"
        if word not in COMMANDS and not word.startswith("-"):
            ctx.fail(f"No such command {args[0]!r}.{_meant(args[0])}")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From COMMANDS, so that `--help` imports no command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in COMMANDS.items()])


def _meant(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=2, cutoff=0.7)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done; 1 done, but some images failed or a gate was not met; "
    "2 wrong usage; 3 could not run (model, permission, disk).",
)
@click.version_option(__version__, prog_name="litescore")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def litescore(debug: bool) -> None:
    """Make image classifiers cheap to run: one .tflite file, the same scores everywhere.

    \b
    Example:
      litescore train --preset fashion-basic --out run
      litescore export run --quantize int8 --out model.tflite
      litescore score photos/ --model model.tflite --out records/
      litescore edge run --model model.tflite --source 0
    """


def main() -> NoReturn:
    """The program `litescore`."""
    run(litescore)


def run(command: click.Command, args: list[str] | None = None) -> NoReturn:
    """Run a click command as a program: errors as one line, the exit code as documented."""
    words = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in words
    if debug and command is not litescore:
        words.remove("--debug")
    sys.exit(_exit_code(command, words, debug))


def _exit_code(command: click.Command, words: list[str], debug: bool) -> int:
    try:
        result: Any = command.main(args=words, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except LitescoreError as error:
        return _report(error, error.exit_code, debug)
    except OSError as error:
        return _report(error, 3, debug)
    except ModuleNotFoundError as error:
        return _report(error, 3, debug)


def _report(error: Exception, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exception(error)
    # The exit code says it too, where standard error is full or gone.
    with suppress(OSError):
        click.echo(f"Error: {printable(str(error), keep=_LAYOUT)}", err=True)
    return code
