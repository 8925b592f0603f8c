"""`litescore bench`: words to arguments, rows to a table, JSON or CSV. No work is done here."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from litescore import settings
from litescore.errors import ModelError, UsageError

if TYPE_CHECKING:
    from litescore.bench.latency import Latency
    from litescore.bench.measured import ModelFile, Row
    from litescore.bench.plan import Plan
    from litescore.interpreter import Runtime


def _numbers(highest: int) -> Callable[[click.Context, click.Parameter, str], tuple[int, ...]]:
    """What reads whole numbers with commas between: `1,32`."""

    def convert(_ctx: click.Context, _param: click.Parameter, words: str) -> tuple[int, ...]:
        try:
            numbers = tuple(dict.fromkeys(int(word) for word in words.split(",")))
        except ValueError:
            numbers = ()
        if not numbers or min(numbers) < 1 or max(numbers) > highest:
            raise click.BadParameter(
                f"{words!r} is not whole numbers 1..{highest} with commas between."
            )
        return numbers

    return convert


def _what_to_measure(command: Callable[..., int]) -> Callable[..., int]:
    """The options of a plan, under its fields' names."""
    for option in (
        click.option(
            "--runtime", "runtimes", multiple=True, type=click.Choice(settings.RUNTIMES),
            help="The TFLite runtime to use; may be repeated.  [default: all that work here]",
        ),
        click.option(
            "--seconds", type=click.FloatRange(0, min_open=True), default=10, show_default=True,
            help="Stop counting after so long, where runs are slow.",
        ),
        click.option("--warmup", type=click.IntRange(0), default=20, show_default=True,
                     help="Invocations before them that do not."),
        click.option("--runs", type=click.IntRange(1), default=200, show_default=True,
                     help="Invocations that count."),
        click.option("--threads", metavar="N,...", callback=_numbers(256), default="1",
                     show_default=True, help="Threads of the interpreter."),
        click.option(
            "--batch", "batches", metavar="N,...", callback=_numbers(4096), default="1",
            show_default=True,
            help="Images the model takes at once; one with a fixed batch keeps its own.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command(short_help="Measure the latency of .tflite files here.")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True, type=click.Path())
@_what_to_measure
@click.option("--no-litert-benchmark", is_flag=True,
              help="Leave out the figure of LiteRT's own command.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the result as CSV, with a header.")
def bench(
    models: tuple[str, ...], no_litert_benchmark: bool, as_json: bool, as_csv: bool, **asked: Any
) -> int:
    """Measure what one invocation of each MODEL, any .tflite file, costs on this machine.

    Every row is measured in a process of its own. MB are millions of bytes at the peak, above a
    process that has the runtime loaded and no model. A runtime that refuses a file is told on
    standard error; a file that all refuse makes the exit code 1, or 3 where nothing could be
    measured.

    \b
    Example:
      litescore bench model.tflite
      litescore bench f32.tflite int8.tflite --batch 1,32 --threads 1,4
      litescore bench *.tflite --runtime tflite-runtime --json > bench.json
    """
    from litescore.bench.plan import look

    if as_json and as_csv:
        raise UsageError("--json and --csv both name what is printed: give one of them")
    plan = _plan(beside=not no_litert_benchmark, **asked)
    found = _watched([look(path) for path in models], plan)
    if not (as_json or as_csv):
        table = _Table(max(map(len, models)), plan, wanted=not no_litert_benchmark)
        found = table.shown(found)
    rows = tuple(found)
    if as_json:
        _show_json(rows)
    elif as_csv:
        _show_csv(rows)
    _tell_refused(rows)
    measured = {row.file.path for row in rows if row.latency}
    return 0 if measured.issuperset(models) else 1


def _plan(*, beside: bool, runtimes: tuple[str, ...], **asked: Any) -> Plan:
    from litescore.bench import litert_benchmark
    from litescore.bench.plan import Plan

    command = litert_benchmark.find() if beside else None
    return Plan(runtimes=_runtimes(runtimes), beside=command, **asked)


def _runtimes(names: tuple[str, ...]) -> list[Runtime]:
    from litescore.interpreter import available, choose

    if names:
        return [choose(name) for name in dict.fromkeys(names)]
    return available() or [choose()]


def _watched(files: Iterable[tuple[ModelFile, bytes]], plan: Plan) -> Iterator[Row]:
    """The rows of all files, with a line on a terminal's standard error that says which is next."""
    from litescore.bench.plan import rows

    def tell(line: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()

    for file, model in files:
        for row in rows(file, model, plan, tell):
            tell("")
            yield row


class _Table:
    """Rows as lines, each as soon as it is there."""

    def __init__(self, width: int, plan: Plan, *, wanted: bool) -> None:
        self.width = max(width, len("model")) + 2
        self.plan, self.wanted = plan, wanted

    def shown(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows as they come, printed; the heading before the first that was measured."""
        headed = False
        for row in rows:
            if row.latency:
                if not headed:
                    click.echo(self._heading())
                headed = True
                click.echo(self._line(row, row.latency))
            yield row

    def _heading(self) -> str:
        beside = f"{'litert-benchmark ms':>21}" if self.wanted else ""
        return (
            f"{'model':<{self.width}}{'bytes':>12}  {'runtime':<22}{'batch':>6}{'threads':>9}"
            f"{'p50 ms':>10}{'p90 ms':>10}{'p99 ms':>10}{'images/s':>12}{'MB':>8}{beside}"
        )

    def _line(self, row: Row, found: Latency) -> str:
        memory = "-" if found.memory is None else f"{found.memory:.1f}"
        beside = f"{self._beside(row):>21}" if self.wanted else ""
        return (
            f"{row.file.path:<{self.width}}{row.file.bytes:>12,}  "
            f"{f'{row.runtime} {row.version}':<22}{row.batch:>6}{row.threads:>9}"
            f"{found.p50:>10.3f}{found.p90:>10.3f}{found.p99:>10.3f}"
            f"{found.images_per_second:>12,.0f}{memory:>8}{beside}"
        )

    def _beside(self, row: Row) -> str:
        if row.runtime != "litert":
            return "-"
        if self.plan.beside is None:
            return "not installed"
        return "failed" if row.litert_benchmark is None else f"{row.litert_benchmark:.2f}"


def _tell_refused(rows: tuple[Row, ...]) -> None:
    """A line for each refusal, once. Raises the first where nothing at all was measured."""
    reasons = dict.fromkeys(f"{row.file.path}: {row.refused}" for row in rows if row.refused)
    if not any(row.latency for row in rows):
        raise ModelError(next(iter(reasons)))
    for reason in reasons:
        click.echo(f"left out: {reason}", err=True)


def _show_json(rows: tuple[Row, ...]) -> None:
    from litescore.bench.machine import here
    from litescore.bench.measured import Measured

    click.echo(json.dumps(Measured(here().as_json(), rows).as_json(), indent=2))


def _show_csv(rows: tuple[Row, ...]) -> None:
    lines = [row.as_json() for row in rows]
    writer = csv.DictWriter(sys.stdout, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
