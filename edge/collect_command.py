"""`litescore edge collect`: `edge run` that keeps frames to be labelled, and tells nothing else."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import Any

import click

from edge.frames.options import source_options
from edge.keeping.options import KeepOptions
from edge.loop_options import loop_options
from edge.preview.options import preview_options
from edge.releases.options import follow_options
from edge.run_command import run_options, say_on_stderr
from edge.sinks.lines_options import out_options
from edge.sinks.spool_options import spool_options
from litescore import settings
from litescore.errors import UsageError
from litescore.view_options import view_options

# Seconds between two lines on how many frames were kept.
_TELL = 60.0
_GROUPS = (
    source_options,
    view_options,
    out_options,
    spool_options,
    preview_options,
    follow_options,
)


def _group_options(function: Any) -> Any:
    return reduce(lambda made, group: group(made), reversed(_GROUPS), function)


def _rules(least_sure: float, random: float) -> tuple[str, ...]:
    given = {f"least-sure:{least_sure:g}": least_sure, f"random:{random:g}": random}
    rules = tuple(rule for rule, value in given.items() if value)
    if not rules:
        raise UsageError("--least-sure 0 --random 0 keeps nothing: give one of them")
    return rules


@click.command(
    short_help="Keep least sure and random frames, to be labelled.",
    epilog=settings.table("model", "model_sha256", "runtime", "top", "max_bytes", "max_pixels"),
)
@click.option(
    "--model",
    metavar="FILE",
    help="The .tflite file, or SHELF@CHANNEL to follow its releases.  [default: LITESCORE_MODEL]",
)
@click.option(
    "--to",
    required=True,
    metavar="PLACE",
    help="The folder or s3:// prefix for frames and records, as dt=DATE/DEVICE/ID.jpg and .json. "
    "No frame leaves the device but to this place.",
)
@click.option(
    "--least-sure",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    metavar="P",
    help="Keep frames whose best probability is below this; 0 for none of them.",
)
@click.option(
    "--random",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    metavar="SHARE",
    help="Keep this share of all frames, drawn by chance; 0 for none of them.",
)
@click.option(
    "--per-day",
    type=click.IntRange(0),
    default=200,
    show_default=True,
    metavar="N",
    help="At most so many in any 24 hours, a quarter of them at once: half for the least sure, half "
    "for the random ones; 0 for no limit.",
)
@click.option(
    "--at-most-every",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="At least so long from one least sure frame to the next, and from one random frame to the "
    "next.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("jpeg", "png")),
    default="jpeg",
    show_default=True,
    help="Of camera frames: png holds the camera's very pixels. Image files stay as they are.",
)
@_group_options
@loop_options
def collect(
    model: str | None,
    to: str,
    least_sure: float,
    random: float,
    per_day: int,
    at_most_every: float,
    form: str,
    top: int | None,
    labels: Path | None,
    **groups: Any,
) -> int:
    """Keep the frames that are worth a label: those the model is least sure of, which teach it most,
    and some drawn by chance, which tell how good it is. `litescore review` shows them to a person.

    It is `litescore edge run` with frames kept and no records told, unless --out names a place. Both
    kinds have half of the day's quota and a pace of their own: a scene that the model is unsure of
    all day does not use up the random ones, which would no longer be drawn by chance then.

    \b
    Example:
      litescore edge collect --model model.tflite --source 0 --to kept/
      litescore edge collect --model model.tflite --source picamera --to s3://bucket/kept/ \\
          --least-sure 0.7 --random 0.001 --per-day 500
    """
    from edge import running
    from edge.decision_options import DecisionOptions
    from edge.sinks.mqtt_options import MqttOptions
    from litescore.scoring import settings_with

    keep = KeepOptions(
        keep=to,
        keep_when=_rules(least_sure, random),
        keep_per_day=per_day,
        keep_at_most_every=at_most_every,
        keep_format=form,
        keep_shared=False,
        keep_tell=_TELL,
    )
    decision = DecisionOptions(None, (), None, 0.0, None)
    options = run_options(
        labels, decision=decision, mqtt=MqttOptions(), keep=keep, silent=True, **groups
    )
    summary = running.run(options, settings_with(model=model, top=top), say_on_stderr)
    say_on_stderr(str(summary))
    return 1 if summary.failed else 0
