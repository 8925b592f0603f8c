"""The options of the spools: how much waits on disk while the broker or S3 is away."""

from __future__ import annotations

from dataclasses import dataclass

import click

from edge.sinks.size import size
from litescore.errors import UsageError
from litescore.options import gathered

_LEAST = 64 * 1024
_DEFAULT = 64_000_000


@dataclass(frozen=True)
class SpoolOptions:
    """How large each spool may be, in bytes, and which events a full one keeps."""

    spool_bytes: int = _DEFAULT
    spool_keep: str = "oldest"

    def __post_init__(self) -> None:
        if self.spool_bytes < _LEAST:
            raise UsageError(f"--spool-bytes {self.spool_bytes}: give at least {_LEAST}")


spool_options = gathered(
    "spool",
    SpoolOptions,
    click.option(
        "--spool-bytes",
        type=size,
        default="64M",
        show_default=True,
        metavar="SIZE",
        help="What may wait on disk, for the broker and for S3 each.",
    ),
    click.option(
        "--spool-keep",
        type=click.Choice(("oldest", "newest")),
        default="oldest",
        show_default=True,
        help="What a full spool keeps; the rest is dropped and counted.",
    ),
)
