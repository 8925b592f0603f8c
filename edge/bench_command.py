"""`litescore edge bench`: words to arguments, a measurement to a table or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litescore import settings

if TYPE_CHECKING:
    from edge.bench import Bench, Tell
    from litescore.bench.measured import Row
    from litescore.interpreter import Runtime


def _threads(_context: click.Context, _parameter: click.Parameter, words: str) -> tuple[int, ...]:
    try:
        numbers = tuple(dict.fromkeys(int(word) for word in words.split(",")))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1 or max(numbers) > 256:
        raise click.BadParameter(f"{words!r} is not whole numbers 1..256 with commas between.")
    return numbers


@click.command(
    short_help="Measure what a frame costs on this device.",
    epilog=settings.table("model", "model_sha256", "max_bytes", "max_pixels"),
)
@click.option("--model", metavar="FILE", help="The .tflite file.  [default: LITESCORE_MODEL]")
@click.option(
    "--source", metavar="SOURCE", help="As of `litescore edge run`; pictures of noise without."
)
@click.option(
    "--frames", type=click.IntRange(1), default=200, show_default=True, metavar="N",
    help="Frames that count, and invocations of each row.",
)  # fmt: skip
@click.option(
    "--threads", metavar="N,...", callback=_threads, default="1,2,4", show_default=True,
    help="Threads of the interpreter.",
)  # fmt: skip
@click.option(
    "--runtime", "runtimes", multiple=True, type=click.Choice(settings.RUNTIMES),
    help="The TFLite runtime to use; may be repeated.  [default: all that work here]",
)  # fmt: skip
@click.option(
    "--labels", type=click.Path(path_type=Path), metavar="FILE",
    help="Class names, one a line, for a file without a contract.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def bench(
    model: str | None,
    source: str | None,
    frames: int,
    threads: tuple[int, ...],
    runtimes: tuple[str, ...],
    labels: Path | None,
    as_json: bool,
) -> None:
    """Measure what a frame costs on this device: until the source gives it, fit to the model's
    input, the model, and the record written (to nowhere); then the model on each runtime and number
    of threads, and the frames a second that this leaves. Stop the service first: a camera has one
    user at a time.

    \b
    Example:
      litescore edge bench --model model.tflite
      litescore edge bench --model model.tflite --source picamera --threads 1,4 --json
    """
    from edge.bench import measure
    from litescore.contract import read_labels
    from litescore.scoring import settings_with

    chosen = settings_with(model=model)
    working = _runtimes(runtimes)
    with _progress(frames + len(working) * len(threads)) as tell:
        found = measure(
            chosen.model or "model.tflite",
            source,
            frames=frames,
            runtimes=working,
            threads=threads,
            settings=chosen,
            labels=read_labels(labels) if labels else None,
            tell=tell,
        )
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _show(found)


def _runtimes(names: tuple[str, ...]) -> list[Runtime]:
    from litescore.interpreter import available, choose

    if names:
        return [choose(name) for name in dict.fromkeys(names)]
    return available() or [choose()]


@contextmanager
def _progress(steps: int) -> Iterator[Tell]:
    """A bar on a terminal's standard error, gone at the end; silent where there is none."""
    if not sys.stderr.isatty():
        yield lambda _what: None
        return
    bar = click.progressbar(
        length=steps, file=sys.stderr, show_pos=True, item_show_func=lambda what: what
    )
    try:
        yield lambda what: bar.update(1, what)
    finally:
        sys.stderr.write("\r\x1b[K\x1b[?25h")
        sys.stderr.flush()


def _show(found: Bench) -> None:
    here = found.machine
    click.echo(f"{found.model}, {found.source}, {found.frames:,} frames")
    click.echo(f"{here.cpu}, {here.cores} cores, {here.platform}, Python {here.python}")
    click.echo(f"before  {found.before}")
    click.echo(f"after   {found.after}\n")
    click.echo(f"{_line('stage', 'p50 ms', 'p90 ms', 'p99 ms')}  on {found.runtime}, 1 thread")
    for stage in found.stages:
        click.echo(_line(stage.name, *_milliseconds(stage.p50, stage.p90, stage.p99)))
    click.echo()
    click.echo(_line("model alone", "p50 ms", "p90 ms", "p99 ms", "frames/s"))
    for row in found.rows:
        _show_row(found, row)


def _show_row(found: Bench, row: Row) -> None:
    name = f"{row.runtime} {row.version}, {row.threads} thread{'' if row.threads == 1 else 's'}"
    if row.latency is None:
        click.echo(f"{name:<32}  {row.refused}")
        return
    times = _milliseconds(row.latency.p50, row.latency.p90, row.latency.p99)
    click.echo(_line(name, *times, f"{found.fps(row):,.1f}"))


def _milliseconds(*times: float) -> tuple[str, ...]:
    return tuple(f"{value:.3f}" for value in times)


def _line(name: str, *columns: str) -> str:
    return f"{name:<32}" + "".join(f"{column:>10}" for column in columns)
