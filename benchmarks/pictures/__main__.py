"""`python -m benchmarks.pictures`: parse and print, nothing else."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks.pictures.scenes import SCENES
from benchmarks.pictures.shots import write
from benchmarks.pictures.workshop import Workshop
from infra.processes import unwinding_on_signals
from litescore.cli import run
from litescore.errors import ConfigurationError
from tests.rig.browser import CHROMIUM, browse

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES,
              help="Where the PNGs go.  [default: docs/pictures]")  # fmt: skip
@click.option("--work", type=click.Path(path_type=Path),
              help="Folder of the runs, kept; what is there is not made again. [a temporary one]")  # fmt: skip
@click.option("--list", "listed", is_flag=True, help="Only tell the names.")
def pictures(names: tuple[str, ...], out: Path, work: Path | None, listed: bool) -> int:
    """Make the pictures of docs/ anew, all of them or those named.

    Trains, exports, scores and serves for real, on Fashion-MNIST from LITESCORE_DATA or from the
    shipped slice, and looks at the pages with Chromium. All of it takes some ten minutes.

    \b
    Example:
      LITESCORE_DATA=datasets python -m benchmarks.pictures
      python -m benchmarks.pictures pareto reliability --work runs/
    """
    wrong = [name for name in names if name not in SCENES]
    if wrong:
        raise click.UsageError(f"no picture is called {wrong[0]}; there are {', '.join(SCENES)}")
    if listed:
        click.echo("\n".join(SCENES))
        return 0
    if shutil.which(CHROMIUM) is None:
        raise ConfigurationError(f"no {CHROMIUM} in PATH: apt-get install chromium, or make tools")
    with unwinding_on_signals(), ExitStack() as stack:
        folder = work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workshop = Workshop(folder, say=lambda text: click.echo(f"    {text}"))
        browser = stack.enter_context(browse())
        wanted = names or tuple(SCENES)
        for number, name in enumerate(wanted, 1):
            click.echo(f"[{number}/{len(wanted)}] {name}.png")
            begun = time.perf_counter()
            size = write(out / f"{name}.png", SCENES[name](workshop, browser))
            click.echo(f"    {size / 1000:.0f} kB, {time.perf_counter() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    run(pictures)
