"""`litescore edge`: parses and prints, nothing else."""

from __future__ import annotations

from pathlib import Path

import click

from edge.bench_command import bench
from edge.install_command import install
from litescore import settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def edge() -> None:
    """Score camera frames on this device.

    \b
    Example:
      litescore edge run --model model.tflite --source 0
    """


@edge.command(
    short_help="Score each frame of a source into one JSON line.",
    epilog=settings.table("model", "model_sha256", "runtime", "top", "max_bytes", "max_pixels"),
)
@click.option("--model", metavar="FILE", help="The .tflite file; LITESCORE_MODEL by default.")
@click.option(
    "--source",
    required=True,
    metavar="SOURCE",
    help="A folder of images, a video file, a V4L2 camera (0, /dev/video0) or picamera.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append records to this file; standard output without.",
)
@click.option("--max-frames", type=click.IntRange(1), metavar="N", help="Stop after N frames.")
@click.option(
    "--interval",
    type=click.FloatRange(0),
    default=0.0,
    metavar="SECONDS",
    help="At least so long from one frame to the next.",
)
@click.option(
    "--top", type=click.IntRange(1, 1000), metavar="N", help="Labels a record lists, best first."
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    metavar="N",
    help="Threads of the interpreter.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Class names, one a line, for a file without a contract.",
)
def run(
    model: str | None,
    source: str,
    out: Path | None,
    max_frames: int | None,
    interval: float,
    top: int | None,
    threads: int,
    labels: Path | None,
) -> int:
    """Score each frame of a source into one JSON line.

    A camera's latest frame is scored and what came in between is left out; of folders and clips
    every frame is scored in order. Ends with the source, after --max-frames, or on SIGINT or
    SIGTERM, with its last record written.

    \b
    Example:
      litescore edge run --model model.tflite --source 0
      litescore edge run --model model.tflite --source clip.mp4 --out records.jsonl
    """
    from edge.device import Device
    from edge.loop import Loop
    from edge.opening import choose
    from edge.sinks import JsonLines
    from edge.stop import Stop
    from litescore.contract import read_labels
    from litescore.scorer import Scorer
    from litescore.scoring import settings_with

    with Stop() as stop:
        chosen = settings_with(model=model, top=top)
        scorer = Scorer(
            chosen.model or "model.tflite",
            threads=threads,
            runtime=chosen.runtime,
            labels=read_labels(labels) if labels else None,
            sha256=chosen.model_sha256,
        )
        device = Device.here()
        frames = choose(source, scorer.contract, device, chosen)
        loop = Loop(scorer, device, top=chosen.top)
        with JsonLines(out) as sink:
            summary = loop.run(frames, sink, stop, max_frames=max_frames, interval=interval)
    click.echo(summary, err=True)
    return 1 if summary.failed else 0


edge.add_command(install)
edge.add_command(bench)
