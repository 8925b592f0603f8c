"""`litescore export`: words to arguments, results to lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from litescore.errors import UsageError

if TYPE_CHECKING:
    from export.job import Exported


@click.command(short_help="Convert a trained model to a .tflite file, and prove it.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--quantize",
    "variant",
    default="int8",
    show_default=True,
    metavar="VARIANT",
    help="f32, f16, dynamic (weights as int8) or int8 (all of it; uint8 pixels in).",
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("model.tflite"), show_default=True,
    help="The file to write.",
)  # fmt: skip
@click.option("--data", help="Labelled images; by default those the run was trained on.")
@click.option(
    "--batch", default="dynamic", show_default=True, metavar="N|dynamic",
    help="Fix how many images an invocation takes, or leave it open.",
)  # fmt: skip
@click.option(
    "--max-drop", type=click.FloatRange(min=0), default=1.0, show_default=True,
    help="Points of test accuracy the file may lose to the Keras model.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def export(
    run: Path,
    variant: str,
    out: Path,
    data: str | None,
    batch: str,
    max_drop: float,
    as_json: bool,
) -> None:
    """Convert the model in the training folder RUN to a .tflite file, and prove it.

    The file is measured on the test set through every TFLite runtime installed here, beside the
    Keras model. When it loses more than --max-drop points nothing is written and the exit code
    is 1. Contract, labels and golden samples are appended to it; a report is written beside it.

    \b
    Example:
      litescore export runs/fashion-basic --quantize int8 --out model.tflite
      litescore export runs/fashion-basic --quantize f32 --batch 1 --out float.tflite
    """
    from export import job, report
    from export.convert import VARIANTS

    if variant not in VARIANTS:
        raise UsageError(f"unknown variant {variant!r}: one of {', '.join(VARIANTS)}")
    exported = job.export_run(
        run,
        variant=variant,
        out=out,
        data=data,
        batch=_batch(batch),
        max_drop=max_drop,
        tell=lambda line: click.echo(line, err=True),
    )
    page = report.write(exported, out.with_suffix(".report.html"))
    if as_json:
        click.echo(json.dumps(_result(exported) | {"report": str(page)}))
    else:
        _show(exported, page)


def _batch(text: str) -> int | None:
    if text == "dynamic":
        return None
    if not text.isdigit() or not 1 <= int(text) <= 4096:
        raise UsageError(f"--batch {text!r} is neither a number 1..4096 nor `dynamic`")
    return int(text)


def _result(exported: Exported) -> dict[str, Any]:
    return {
        "path": str(exported.path),
        "variant": exported.contract.variant,
        "bytes": exported.size,
        "drop": exported.drop,
        **exported.contract.accuracy,
    }


def _show(exported: Exported, page: Path) -> None:
    click.echo(f"Keras                 {exported.keras_accuracy:.2%}")
    for reading in exported.readings:
        if reading.comparison is None:
            click.echo(f"{reading!s:<22}does not load: {reading.refused}")
            continue
        click.echo(
            f"{reading!s:<22}{reading.accuracy:.2%}, "
            f"{reading.comparison.agreement:.2%} the same top-1 as Keras"
        )
    click.echo(
        f"Wrote {exported.path} ({exported.contract.variant}, {exported.size:,} bytes, "
        f"{exported.drop:+.2f} points lost) and {page}"
    )
