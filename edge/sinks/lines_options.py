"""The options of the records' lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.sinks.size import size
from litescore.errors import UsageError
from litescore.options import gathered

if TYPE_CHECKING:
    from edge.sinks.lines import JsonLines

STDOUT = "-"
# A rotated file smaller than this holds hardly a record, and would be one of thousands.
_SMALLEST = 10_000


@dataclass(frozen=True)
class OutOptions:
    """Where lines go.

    out            a file, `-` for standard output; None where it was not said
    out_max_bytes  from which on a file is set aside; 0 for never
    out_keep       how many of those are left; None for all

    Raises UsageError for a size too small to hold records.
    """

    out: str | None = None
    out_max_bytes: int = 100_000_000
    out_keep: int | None = None

    def __post_init__(self) -> None:
        if 0 < self.out_max_bytes < _SMALLEST:
            raise UsageError(
                f"--out-max-bytes {self.out_max_bytes} holds hardly a record: at least "
                f"{_SMALLEST // 1000}K, or 0 for one file without end"
            )


out_options = gathered(
    "out",
    OutOptions,
    click.option(
        "--out",
        type=click.Path(allow_dash=True, dir_okay=False),
        metavar="FILE",
        help="Append records to this file, one JSON line each; - is standard output.  "
        "[default: -, where records go nowhere else]",
    ),
    click.option(
        "--out-max-bytes",
        type=size,
        default="100M",
        show_default=True,
        metavar="SIZE",
        help="From this size on the file is set aside as FILE.000001.jsonl.gz and begun anew; 0 for "
        "never, where logrotate does it.",
    ),
    click.option(
        "--out-keep",
        type=click.IntRange(0),
        metavar="N",
        help="How many files set aside are left; older ones are deleted.  [default: all are left]",
    ),
)


def open_lines(
    options: OutOptions,
    *,
    otherwise: str | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> JsonLines | None:
    """The sink; None where no place was named. `otherwise` is the place where none was, and
    `stopping` says whether the loop is to end.

    Raises ConfigurationError where it cannot be opened.
    """
    from edge.sinks.lines import JsonLines

    place = options.out or otherwise
    if place is None:
        return None
    if place == STDOUT:
        return JsonLines(stopping=stopping)
    return JsonLines(Path(place), max_bytes=options.out_max_bytes, keep=options.out_keep)
