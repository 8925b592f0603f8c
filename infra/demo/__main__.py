"""`python -m infra.demo`: the main job, told step by step."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

import click

from litescore.cli import run

if TYPE_CHECKING:
    from infra.demo.report import Outcome

STEPS = 10
CLOUD_PICTURES = 200
# Items of a Distributed Map come singly in the local cloud, an invocation each.
BACKFILL_PICTURES = 20
CLIP_PICTURES = 40


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="The folder for all that it makes; an earlier demo in it is replaced.",
)
def demo(out: Path) -> int:
    """Train, export, deploy and score Fashion-MNIST for real on this machine.

    \b
    Example:
      python -m infra.demo --out demo
    """
    from infra.processes import unwinding_on_signals

    with unwinding_on_signals():
        return _demo(out)


def _demo(out: Path) -> int:
    from infra.demo import account, images, job, report
    from infra.local import cloud as local
    from infra.package import build as package

    begun = time.perf_counter()
    place, steps = job.Workplace(out), Steps()
    _clear(out)
    with steps(f"train {job.PRESET}") as note:
        training = job.train(place, steps.say)
        data = Path(training["data"])
        note(f"{training['test_accuracy']:.2%} of the test images right")
        note(f"data: {training['data_origin']}")
    with steps("export to int8") as note:
        contract = job.export(place, steps.say)
        note(f"{place.model.stat().st_size / 1000:,.0f} kB")
    with steps("evaluate the exported file") as note:
        evaluation = job.evaluate(place, steps.say, data)
        note(f"{evaluation['accuracy']:.2%} of {evaluation['n']:,} right, {evaluation['runtime']}")
    for_cloud, for_clip = images.draw(data, contract, (CLOUD_PICTURES, CLIP_PICTURES))
    with steps("package the function") as note:
        built = package.build(place.model, place.package, say=steps.say)
        note(f"{built.zipped / 1e6:.0f} MB, unpacks to {built.unpacked / 1e6:.0f} MB")
    with ExitStack() as stack:
        with steps("start the local cloud, deploy the template") as note:
            cloud = stack.enter_context(local.running(built.path, say=steps.say))
            note(cloud.endpoint)
        with steps(f"score {len(for_cloud)} images through S3") as note:
            scored = job.score_in_cloud(cloud, place, for_cloud, steps.say)
            note(f"{scored.accuracy:.1%} right, {scored.rate:,.0f} images/s from end to end")
        with steps(f"score {BACKFILL_PICTURES} of them again by a backfill") as note:
            again = account.score_again(cloud, BACKFILL_PICTURES)
            note(f"{again} images through the state machine")
        with steps("ask Athena's views") as note:
            asked = account.ask(cloud, again)
            note(f"{asked.lines} records, of {asked.images} images")
    with steps(f"score a clip of {len(for_clip)} images at the edge") as note:
        edge = job.score_at_edge(place, for_clip, steps.say)
        note(f"{edge.accuracy:.1%} right, {edge.rate:,.0f} frames/s")
    with steps("write the report"):
        outcome = report.Outcome(
            place=place,
            training=training,
            evaluation=evaluation,
            package=built,
            cloud=scored,
            asked=asked,
            here=job.score_here(place.model, for_cloud),
            edge=edge,
            here_too=job.score_here(place.model, for_clip),
            seconds=time.perf_counter() - begun,
        )
        report.write(outcome)
    click.echo(_summary(outcome))
    return 0 if outcome.agrees else 1


# What stands below a step's title begins where the title does.
_BELOW = " " * 6


class Steps:
    """Tells each step's title when it begins, its time and what came out when it ends."""

    def __init__(self) -> None:
        self._number = 0
        self._line_open = False

    @contextmanager
    def __call__(self, title: str) -> Iterator[Callable[[str], None]]:
        self._number += 1
        click.echo(f"[{self._number}/{STEPS}] {title} ", nl=False)
        self._line_open = True
        notes: list[str] = []
        begun = time.perf_counter()
        try:
            yield notes.append
        except BaseException:
            self._end_line()
            raise
        took = f"({time.perf_counter() - begun:.1f} s)"
        click.echo(took if self._line_open else f"{_BELOW}{took}")
        self._line_open = False
        for note in notes:
            click.echo(f"{_BELOW}{note}")

    def say(self, text: str) -> None:
        """Tell something in the middle of a step."""
        self._end_line()
        click.echo(f"{_BELOW}{text}")

    def _end_line(self) -> None:
        if self._line_open:
            click.echo()
            self._line_open = False


def _clear(out: Path) -> None:
    """Take an earlier demo away: what is there afterwards is of this one."""
    for name in ("run", "package", "records", "logs"):
        shutil.rmtree(out / name, ignore_errors=True)
    for name in ("model.tflite", "model.report.html", "clip.mkv", "report.html"):
        (out / name).unlink(missing_ok=True)


def _summary(outcome: Outcome) -> str:
    right = {name: f"{share:.2%} of {count:,} right" for name, count, share in outcome.accuracies}
    size = outcome.place.model.stat().st_size
    lines = right | {
        "as in one process": outcome.agreement,
        "model": f"{outcome.place.model} ({size:,} bytes)",
        "data": shorten(outcome.training["data_origin"], 100, placeholder=" ..."),
        "in all": f"{outcome.seconds:.0f} s; nothing is left running",
        "report": str(outcome.place.report),
    }
    width = max(len(name) for name in lines)
    return "\n".join(["", *(f"{name:<{width}}  {text}" for name, text in lines.items())])


if __name__ == "__main__":
    run(demo)
