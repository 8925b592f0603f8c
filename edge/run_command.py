"""`litescore edge run`: parses and prints, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.decision_options import decision_options
from edge.frames.options import source_options
from edge.keeping.options import keep_options
from edge.loop_options import loop_options
from edge.preview.options import preview_options
from edge.releases.options import follow_options
from edge.sinks.lines_options import out_options
from edge.sinks.mqtt_options import mqtt_options
from edge.sinks.spool_options import spool_options
from litescore import settings
from litescore.view_options import view_options

if TYPE_CHECKING:
    from edge.running import RunOptions

_GROUPS = (
    source_options,
    view_options,
    decision_options,
    out_options,
    mqtt_options,
    keep_options,
    spool_options,
    preview_options,
    follow_options,
)


def group_options(function: Callable[..., Any]) -> Any:
    """Give a command the options that come in groups, and itself each group as one value."""
    return reduce(lambda made, group: group(made), reversed(_GROUPS), function)


def run_options(labels: Path | None, **groups: Any) -> RunOptions:
    """What the command's words come to, but for model and top.

    labels  a file of class names
    """
    from edge import running
    from litescore.contract import read_labels

    return running.RunOptions(labels=read_labels(labels) if labels else None, **groups)


@click.command(
    short_help="Score a source's frames, and tell what they come to.",
    epilog=settings.table("model", "model_sha256", "runtime", "top", "max_bytes", "max_pixels"),
)
@click.option(
    "--model",
    metavar="FILE",
    help="The .tflite file, or SHELF@CHANNEL to follow its releases.  [default: LITESCORE_MODEL]",
)
@group_options
@loop_options
def run(model: str | None, top: int | None, labels: Path | None, **groups: Any) -> int:
    """Score a source's frames with a model, and tell what they come to: as JSON lines, to an MQTT
    broker, in the browser.

    A camera's latest frame is scored and what came in between is left out; what is told are changes
    of the decision. Of folders and clips every frame is scored and told, in order. A camera that is
    lost is opened again, for as long as it takes. Ends with the source, after --max-frames, or on
    SIGINT or SIGTERM, with all that is told written.

    \b
    Example:
      litescore edge run --model model.tflite --source 0 --preview
      litescore edge run --model model.tflite --source picamera --roi 0.25,0.25,0.5,0.5 \\
          --smooth votes:3/5 --min-confidence 0.6 --mqtt mqtt://homeassistant.local
      litescore edge run --model model.tflite --source clip.mp4 --out records.jsonl
      litescore edge run --model s3://bucket/models/shoes@stable --trust factory.key.pub --source 0
    """
    from edge import running
    from litescore.scoring import settings_with

    summary = running.run(
        run_options(labels, **groups),
        settings_with(model=model, top=top),
        say_on_stderr,
    )
    say_on_stderr(str(summary))
    return 1 if summary.failed else 0


def say_on_stderr(line: str) -> None:
    # Standard error may be a full disk, or a terminal that went away: no reason to end for anything
    # that has something to say.
    with suppress(OSError, ValueError):
        click.echo(line, err=True)
