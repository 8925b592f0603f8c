"""`python -m benchmarks.kills`: every step, then at any time, then the real command."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.kills import anytime, processes, steps


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--forks", type=click.IntRange(0), default=200, show_default=True,
              help="Kills at any time of a forked device.")  # fmt: skip
@click.option("--processes", "real", type=click.IntRange(0), default=200, show_default=True,
              help="Kills at any time of `litescore edge run`.")  # fmt: skip
@click.option("--steps/--no-steps", "all_steps", default=True, help="Kills at every step.")
@click.option("--seed", type=int, default=0, show_default=True)
def kills(forks: int, real: int, seed: int, *, all_steps: bool) -> None:
    """Kill a device while it takes releases, and hold what it runs and says against what it should.

    Exits with an error at the first kill that leaves it without a release, running another than it
    should, or saying what is not so.
    """
    print("| killed | kills | of them on trial | while proving | s |\n|---|---|---|---|---|")
    if all_steps:
        _row("at every step of a first release", lambda place: _steps(place, steps.takes_first))
        _row("at every step of an update", lambda place: _steps(place, steps.takes))
        _row(
            "at every step of one that is taken back", lambda place: _steps(place, steps.takes_back)
        )
    if forks:
        _row("at any time, forked", lambda place: _random(anytime.random_kills(place, forks, seed)))
    if real:
        _row(
            "at any time, `litescore edge run`",
            lambda place: _random(processes.real_kills(place, real, seed, _say)),
        )


def _row(name: str, run: Callable[[Path], tuple[int, int | str, int | str]]) -> None:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        count, trial, proof = run(Path(folder))
    print(f"| {name} | {count} | {trial} | {proof} | {time.monotonic() - begun:.0f} |", flush=True)


def _steps(place: Path, run: steps.Run) -> tuple[int, str, str]:
    return steps.every_step(place, run).kills, "", ""


def _random(found: dict[str, int]) -> tuple[int, int, int]:
    count = found["trial"] + found["proof"] + found["other"]
    return count, found["trial"], found["proof"]


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    kills()
