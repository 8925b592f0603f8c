"""The commands about records: words to arguments, results to lines. No work is done here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from litescore import settings
from litescore.errors import UsageError

if TYPE_CHECKING:
    from litescore.scoring.folder_truth import FolderTruth


@click.command(
    short_help="Score images into records, one JSON line each.",
    epilog=settings.table(
        "model",
        "model_version",
        "model_sha256",
        "runtime",
        "threads",
        "batch",
        "top",
        "max_bytes",
        "max_shard_bytes",
        "max_pixels",
    ),
)
@click.argument("sources", nargs=-1, required=True)
@click.option("--model", help="The .tflite file.  [default: LITESCORE_MODEL]")
@click.option("--out", help="A folder or s3:// prefix for the records; standard output without.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl.gz", "jsonl", "csv"]),
    default="jsonl.gz",
    show_default=True,
    help="Of the files in OUT; `litescore results` reads all of them.",
)
@click.option(
    "--include", multiple=True, metavar="GLOB", help="Only images that fit; may be repeated."
)
@click.option(
    "--exclude", multiple=True, metavar="GLOB", help="No images that fit; may be repeated."
)
@click.option(
    "--evaluate",
    is_flag=True,
    help="Take the folder an image lies in for its class: accuracy and confusion at the end.",
)
@click.option(
    "--invert",
    is_flag=True,
    help="Dark on light becomes light on dark, as the model learned it: a digit drawn on paper.",
)
@click.option("--overwrite", is_flag=True, help="Remove what OUT holds first.")
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    help="Threads that fetch and decode.  [default: LITESCORE_THREADS]",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes that each score a share of the images; for small ones only these scale.",
)
@click.option(
    "--share",
    metavar="I/N",
    help="Score only the I-th, from 0, of N shares; array/N in an array job of AWS Batch.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 4096),
    help="Images the model takes at once.  [default: LITESCORE_BATCH]",
)
@click.option(
    "--top",
    type=click.IntRange(1, 1000),
    help="Labels a record lists, best first.  [default: LITESCORE_TOP]",
)
@click.option(
    "--labels", type=click.Path(), help="Class names, one a line, for a file without a contract."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def score(
    sources: tuple[str, ...],
    model: str | None,
    out: str | None,
    form: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    evaluate: bool,
    invert: bool,
    overwrite: bool,
    threads: int | None,
    jobs: int,
    share: str | None,
    batch: int | None,
    top: int | None,
    labels: str | None,
    as_json: bool,
) -> int:
    """Score SOURCES to one record an image.

    \b
    A source is
      a file, a folder or an s3:// prefix
      a glob in quotes: 'photos/**/*.jpg', 's3://bucket/in/*.png'
      a shard, in these places too: .zip, .tar, .tar.gz, .npz, IDX; a record a member
      @MANIFEST, a path or URL: .jsonl or .csv (or .gz of them) with `source`, or `bucket` and
        `key`, and `etag` and `version` if known; or the manifest.json of an S3 Inventory

    --include and --exclude fit the name of a file, or with a / in them its path below the source;
    ** crosses folders. They do not look into shards.

    Run again into the same OUT it skips what is scored already, unless a manifest of S3 objects
    keeps their ETags to itself; what was denied is tried again. Exits with 1 when some images failed; each has its record, with
    the reason.

    Machines that each take a --share of the same sources write into one OUT together. Of a manifest
    the shares are equal; of a folder or prefix, which may change meanwhile, about equal. A shard is
    in one of them.

    With --invert the records are those of the file that `litescore describe MODEL --invert` writes,
    and name it as their model.

    \b
    Example:
      litescore score photos/ --model model.tflite --out records/
      litescore score s3://bucket/in/ --model model.tflite --out s3://other/records/
      litescore score test.zip @more.csv --exclude '*.gif' --evaluate --out records/
      litescore score thumbnails/ --model model.tflite --out records/ --jobs 4
      litescore score @s3://bucket/list.csv --out s3://other/records/ --share 0/64
      litescore score shoe.jpg --model model.tflite
      litescore score digit.jpg --model mnist.tflite --invert
    """
    from litescore import scoring
    from litescore.contract import read_labels
    from litescore.scoring import progress, stopping
    from litescore.scoring.share import Job, Share

    job = Job(
        scoring.settings_with(model=model, threads=threads, batch=batch, top=top),
        out or "",
        form,
        read_labels(labels) if labels else None,
        evaluate,
        invert,
    )
    part = Share.parse(share) if share else None
    images = scoring.Images(sources, include, exclude, part)
    if out is None:
        if jobs > 1:
            raise UsageError("--jobs needs --out: each process writes its own records")
        code, truth = scoring.to_stdout(images, job)
        _tell(truth, err=True)
        return code
    try:
        with stopping.asked_politely(), progress.watching(images) as tell:
            summary, truth = scoring.to_place(
                images, job, processes=jobs, overwrite=overwrite, tell=tell
            )
    except KeyboardInterrupt:
        click.echo(_kept(out, overwrite), err=True)
        raise
    if as_json:
        click.echo(json.dumps(summary.as_json() | (truth.as_json() if truth else {})))
    else:
        click.echo(summary.sentence(out))
        _tell(truth)
    return 1 if summary.failed or summary.retry else 0


def _kept(out: str, overwrite: bool) -> str:
    again = "the same command without --overwrite" if overwrite else "the same command"
    return f"what is scored by now is in {out}; {again} goes on from there"


def _tell(truth: FolderTruth | None, *, err: bool = False) -> None:
    for line in truth.sentences() if truth else ():
        click.echo(line, err=err)
