"""`--preview` and its like. Imports click and the standard library only; the server when it is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from litescore.errors import UsageError
from litescore.options import gathered
from litescore.web.address import Address
from litescore.web.guard import read_token

if TYPE_CHECKING:
    from edge.monitor import Snapshots
    from edge.pictures import Pictures
    from edge.preview.preview import Preview

VARIABLE = "LITESCORE_PREVIEW_TOKEN"
DEFAULT = "127.0.0.1:8765"
FPS = 15.0


@dataclass(frozen=True)
class PreviewOptions:
    """Whether there is a preview, where it listens, and how many pictures a second it shows.

    Raises UsageError for an address that is none, and for a token in the environment that is no good.
    """

    preview: bool = False
    preview_bind: str | None = None
    preview_fps: float | None = None

    def __post_init__(self) -> None:
        if not self.preview:
            for option, value in (("bind", self.preview_bind), ("fps", self.preview_fps)):
                if value is not None:
                    raise UsageError(f"--preview-{option} {value}: goes with --preview only")
            return
        _ = self.address
        read_token(os.environ, VARIABLE)

    @property
    def address(self) -> Address:
        return Address.parse(self.preview_bind or DEFAULT, "--preview-bind")

    def token(self) -> str | None:
        """From the environment, so that no list of processes shows it.

        Raises UsageError without one where others can reach the address.
        """
        if self.address.is_loopback:
            return read_token(os.environ, VARIABLE)
        needed = f"--preview-bind {self.address} lets others look"
        return read_token(os.environ, VARIABLE, needed=needed)


preview_options = gathered(
    "preview",
    PreviewOptions,
    click.option("--preview", is_flag=True, help="Show the loop in the browser."),
    click.option(
        "--preview-bind",
        metavar="ADDRESS:PORT",
        help=f"Where it listens. Where others can reach it, {VARIABLE} must be set.  "
        f"[default: {DEFAULT}]",
    ),
    click.option(
        "--preview-fps",
        type=click.FloatRange(0.1, 60),
        metavar="N",
        help=f"Pictures a second at most.  [default: {FPS:g}]",
    ),
)


def open_preview(
    options: PreviewOptions,
    *,
    pictures: Pictures,
    monitor: Snapshots,
    silence: float = 30.0,
) -> Preview | None:
    """The preview, answering; None where there is to be none. It and `pictures` are to watch the loop.

    silence  seconds without a frame that are no problem yet: more than those from one to the next

    Raises ConfigurationError where the address cannot be had, UsageError where it takes a token.
    """
    if not options.preview:
        return None
    from edge.preview.preview import Preview

    return Preview(
        options.address,
        options.token(),
        fps=options.preview_fps or FPS,
        pictures=pictures,
        monitor=monitor,
        silence=silence,
    )
