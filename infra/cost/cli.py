"""`litescore cost`: parse and print, nothing else."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import click

from infra.cost.work import ARCHES, KILOBYTES, ONE_PROCESSOR, Assumed, Work
from infra.options import HELP
from litescore.errors import UsageError


@click.command(context_settings=HELP)
@click.option(
    "--images", type=click.IntRange(1, 10**12), default=1_000_000, show_default=True,
    help="Images a month.",
)  # fmt: skip
@click.option(
    "--kilobytes", type=float, default=KILOBYTES, show_default=True, metavar="KB",
    help="Kilobytes of an image, packed; its bytes take time to come.",
)  # fmt: skip
@click.option(
    "--memory", type=click.IntRange(128, 10240), default=ONE_PROCESSOR, show_default=True,
    metavar="MB", help="Memory of the function; 1769 MB are one whole processor.",
)  # fmt: skip
@click.option(
    "--milliseconds", type=float, metavar="MS",
    help="Processor time of an image in all, as `litescore status` tells it.",
)  # fmt: skip
@click.option(
    "--bench", type=click.Path(dir_okay=False), metavar="FILE",
    help="Take the model's time from what `litescore bench --json` wrote.",
)  # fmt: skip
@click.option("--model", metavar="FILE", help="Measure this .tflite file here, or find it in FILE.")
@click.option(
    "--shard-images", type=click.IntRange(1), default=1000, show_default=True, metavar="N",
    help="Images in a shard.",
)  # fmt: skip
@click.option(
    "--shard-milliseconds", type=float, metavar="MS",
    help="Processor time of an image in a shard.  [default: as outside]",
)  # fmt: skip
@click.option(
    "--arch", "arches", type=click.Choice(ARCHES), multiple=True,
    help="Only on this processor; may be repeated.  [default: both]",
)  # fmt: skip
@click.option(
    "--existing-bucket", is_flag=True,
    help="Events come through EventBridge, as of a bucket that is not the stack's own.",
)  # fmt: skip
@click.option(
    "--prices", "table", type=click.Path(dir_okay=False), metavar="FILE",
    help="Another table of prices, TOML as litescore's own.",
)  # fmt: skip
@click.option("--assume", multiple=True, metavar="NAME=NUMBER",
              help="Another figure for what is taken for granted; may be repeated.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option(
    "--png", type=click.Path(dir_okay=False), metavar="FILE",
    help="Draw dollars against images into FILE.",
)  # fmt: skip
def cost(
    images: int,
    kilobytes: float,
    memory: int,
    milliseconds: float | None,
    bench: str | None,
    model: str | None,
    shard_images: int,
    shard_milliseconds: float | None,
    arches: tuple[str, ...],
    existing_bucket: bool,
    table: str | None,
    assume: tuple[str, ...],
    as_json: bool,
    png: str | None,
) -> None:
    """Say what scoring costs, by way and machine.

    A way is a path and a machine: events, a backfill or shards on Lambda; a listing on AWS Batch
    with Fargate Spot (infra/batch.yaml) or on an always-on instance; each on x86 and Arm. One of
    --milliseconds, --bench or --model says how long an image takes. Below the table stands which
    way is cheapest from how many images on, and what was taken for granted.

    The prices are a table with a date; no one is asked. Write your own with
    `--prices my.toml`, from infra/cost/prices.toml.

    \b
    Example:
      litescore cost --images 1000000 --kilobytes 40 --milliseconds 6.4
      litescore bench model.tflite --json > bench.json
      litescore cost --images 50000000 --bench bench.json --png cost.png
      litescore cost --model model.tflite --assume arm-time=1.2 --assume get-ms=30
    """
    from infra.cost import prices
    from infra.cost.answer import answer

    assumed = Assumed().given(assume)
    taken = _milliseconds(milliseconds, bench, model, kilobytes, assumed)
    work = Work(taken, memory, kilobytes, shard_images, shard_milliseconds, assumed,
                eventbridge=existing_bucket)  # fmt: skip
    dollars = prices.read(table) if table else prices.shipped()
    found = answer(images, work, dollars, arches or ARCHES)
    if png:
        from infra.cost import picture

        Path(png).write_bytes(picture.dollars(found))
    today = datetime.datetime.now(datetime.UTC).date()
    if as_json:
        click.echo(json.dumps(found.as_json(today)))
    else:
        for line in found.lines(today):
            click.echo(line)


def _milliseconds(
    milliseconds: float | None,
    bench: str | None,
    model: str | None,
    kilobytes: float,
    assumed: Assumed,
) -> float:
    from infra.cost import measured

    if (milliseconds is not None) + (bench is not None or model is not None) != 1:
        raise UsageError(
            "how long an image takes: give one of --milliseconds and --bench or --model"
        )
    if milliseconds is not None:
        return milliseconds
    if bench is not None:
        alone = measured.from_bench(bench, model)
    else:
        assert model is not None
        alone = measured.from_model(model)
    return measured.image_milliseconds(alone, kilobytes, assumed)
