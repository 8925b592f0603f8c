"""The options of `litescore deploy` that are the template's parameters, and how to ask and tell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from infra.cloud.deployment.option_types import (
    BUCKET,
    EMAIL,
    INPUT_PREFIX,
    OUTPUT_PREFIX,
    POLICY,
    SCHEDULE,
)
from litescore.errors import UsageError

_Command = TypeVar("_Command", bound=Callable[..., Any])

_DAYS = ("1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365")

# option -> (the template's parameter, type, metavar, help)
SETTINGS: Mapping[str, tuple[str, Any, str | None, str]] = {
    "--memory": (
        "MemorySize",
        click.IntRange(256, 10240),
        "MB",
        "Memory of the function; 1769 MB are one whole processor.",
    ),
    "--timeout": (
        "Timeout",
        click.Choice(["30", "60", "120", "300", "600", "900"]),
        None,
        "Seconds that an invocation may take.",
    ),
    "--concurrency": (
        "MaximumConcurrency",
        click.IntRange(2, 1000),
        "N",
        "Functions that run at once at most.",
    ),
    "--batch-size": (
        "BatchSize",
        click.IntRange(1, 10000),
        "N",
        "Images that an invocation of the function takes at most.",
    ),
    "--window": (
        "BatchingWindow",
        click.IntRange(1, 300),
        "SECONDS",
        "How long the first image of a batch waits for others.",
    ),
    "--input-bucket": (
        "InputBucketName",
        BUCKET,
        "NAME",
        'Take images from a bucket that is there already; "" for one of the stack\'s own.',
    ),
    "--input-prefix": (
        "InputPrefix",
        INPUT_PREFIX,
        "PREFIX",
        "Only keys that begin so set off the function.",
    ),
    "--output-prefix": (
        "OutputPrefix",
        OUTPUT_PREFIX,
        "PREFIX",
        "Where records go in the output bucket; ends in a slash.",
    ),
    "--model-check": (
        "ModelCheckMinutes",
        click.IntRange(0, 1440),
        "MINUTES",
        "Of a channel: how often the function looks at it at most.",
    ),
    "--log-days": ("LogDays", click.Choice(_DAYS), None, "Days that the log is kept."),
    "--record-days": (
        "RecordDays",
        click.IntRange(0, 36500),
        "DAYS",
        "Days that records are kept; 0 for ever.",
    ),
    "--alarm-email": (
        "AlarmEmail",
        EMAIL,
        "ADDRESS",
        "Who is mailed alarms, once they answer AWS's first mail.",
    ),
    "--permissions-boundary": (
        "PermissionsBoundary",
        POLICY,
        "ARN",
        "Policy that bounds what the job's roles may do.",
    ),
    "--nightly": (
        "NightlySchedule",
        SCHEDULE,
        "CRON",
        'Score what is new or changed, at such as cron(0 2 * * ? *) (UTC) or rate(1 day); "" for never.',
    ),
    "--nightly-max-images": (
        "NightlyMaximumImages",
        click.IntRange(1),
        "N",
        "Images that a nightly run takes at most.",
    ),
    "--budget": (
        "BudgetDollars",
        click.FloatRange(0),
        "DOLLARS",
        "US dollars a month that AWS warns of; 0 for no budget.",
    ),
}


def template_options(command: _Command) -> _Command:
    """An option for each parameter that users set; what is not given stays as it is."""
    for option, (_, kind, metavar, text) in reversed(list(SETTINGS.items())):
        command = click.option(option, type=kind, metavar=metavar, help=text)(command)
    return command


def given(words: Mapping[str, Any]) -> dict[str, str]:
    """The template's parameters of those options that were given."""
    found = {}
    for option, (parameter, *_) in SETTINGS.items():
        value = words[option.removeprefix("--").replace("-", "_")]
        if value is not None:
            found[parameter] = f"{value:g}" if isinstance(value, float) else str(value)
    return found


def need_terminal(what: str, *, yes: bool) -> None:
    """Raise UsageError where nobody can be asked and --yes does not answer."""
    if not yes and not sys.stdin.isatty():
        raise UsageError(f"{what} asks first, and there is no terminal to ask: say --yes")


def say(text: str) -> None:
    """A line for people, beside the result."""
    click.echo(text, err=True)
