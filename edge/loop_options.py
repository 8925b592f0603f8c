"""The options that every command which runs the loop has, whatever becomes of its frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Where what outlives the process is kept.  [default: systemd's STATE_DIRECTORY, else "
        "~/.local/state/litescore]",
    ),
    click.option(
        "--device",
        envvar="LITESCORE_DEVICE",
        metavar="ID",
        help="What records, topics and shares of a channel call this device.  "
        "[default: a digest of the machine's id]",
    ),
    click.option("--max-frames", type=click.IntRange(1), metavar="N", help="Stop after N frames."),
    click.option(
        "--top",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="Labels a record lists, best first.  [default: LITESCORE_TOP]",
    ),
    click.option(
        "--threads",
        type=click.IntRange(1, 256),
        default=1,
        show_default=True,
        metavar="N",
        help="Threads of the interpreter.",
    ),
    click.option(
        "--labels",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Class names, one a line, for a file without a contract.",
    ),
)


def loop_options(function: Callable[..., Any]) -> Any:
    """Give a command `--state`, `--device`, `--max-frames`, `--top`, `--threads` and `--labels`."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), function)
