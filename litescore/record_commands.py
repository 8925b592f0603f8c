"""The commands about records: words to arguments, results to lines. No work is done here."""

from __future__ import annotations

import json

import click

from litescore import settings


@click.command(
    short_help="Score images into records, one JSON line each.",
    epilog=settings.table("model", "threads", "batch", "top", "max_bytes", "max_pixels"),
)
@click.argument("sources", nargs=-1, required=True)
@click.option("--model", help="The .tflite file; LITESCORE_MODEL by default.")
@click.option("--out", help="A folder or s3:// prefix for the records; standard output without.")
@click.option("--overwrite", is_flag=True, help="Remove what OUT holds first.")
@click.option("--threads", type=click.IntRange(1, 256), help="Threads that fetch and decode.")
@click.option("--batch", type=click.IntRange(1, 4096), help="Images an invocation takes.")
@click.option("--top", type=click.IntRange(1, 1000), help="Labels a record lists, best first.")
@click.option(
    "--labels", type=click.Path(), help="Class names, one a line, for a file without a contract."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def score(
    sources: tuple[str, ...],
    model: str | None,
    out: str | None,
    overwrite: bool,
    threads: int | None,
    batch: int | None,
    top: int | None,
    labels: str | None,
    as_json: bool,
) -> int:
    """Score SOURCES: image files, folders and s3:// prefixes, to one record an image.

    Run again into the same OUT it skips what is scored already. Exits with 1 when some images
    failed; each has its record, with the reason.

    \b
    Example:
      litescore score photos/ --model model.tflite --out records/
      litescore score s3://bucket/in/ --model model.tflite --out s3://other/records/
      litescore score shoe.jpg --model model.tflite
    """
    from litescore import scoring
    from litescore.contract import read_labels
    from litescore.scorer import Scorer

    chosen = scoring.settings_with(model=model, threads=threads, batch=batch, top=top)
    names = read_labels(labels) if labels else None
    scorer = Scorer(
        chosen.model or "model.tflite",
        threads=settings.processors(),
        batch=chosen.batch,
        labels=names,
        sha256=chosen.model_sha256,
    )
    if out is None:
        return scoring.to_stdout(sources, scorer, chosen)
    with scoring.progress() as tell:
        summary = scoring.to_place(sources, scorer, chosen, out, overwrite=overwrite, tell=tell)
    if as_json:
        click.echo(json.dumps(summary.as_json()))
    else:
        click.echo(summary.sentence(out))
    return 1 if summary.failed or summary.retry else 0
