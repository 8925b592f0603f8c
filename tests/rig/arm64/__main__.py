"""Says whether a model answers on 64-bit Arm what it answers here."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest

from litescore.comparison import Comparison
from litescore.errors import LitescoreError
from tests.rig import arm64
from tests.rig.arm64.proof import Proof, prove

_NAMES = {arm64.PI_3: "Pi 3", arm64.PI_4: "Pi 4", arm64.PI_5: "Pi 5"}
_PATH = click.Path(exists=True, resolve_path=True, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--model", required=True, type=_PATH, help="A .tflite file with its contract.")
@click.option("--images", required=True, type=_PATH, help="A folder of pictures.")
@click.option(
    "--runtime",
    multiple=True,
    type=click.Choice(arm64.RUNTIMES),
    help="May be repeated; both by default.",
)
def main(model: Path, images: Path, runtime: tuple[str, ...]) -> None:
    """Whether MODEL answers on 64-bit Arm what it answers here.

    Debian's Python for Arm runs under QEMU with the aarch64 wheels of the lock and litescore from
    this checkout: `verify`, `score` and `edge run` over IMAGES, and the bare model on the
    processors of three Raspberry Pis. The first run fetches what is needed into the cache folder.
    An int8 model must answer the same with tflite-runtime, and be at most one step off with LiteRT.
    Exits with 0 where that holds, with 1 where it does not, with 3 where it cannot be shown.

    \b
    Example:
      python -m tests.rig.arm64 --model model.tflite --images photos/
    """
    with arm64.enter() as arm, ThreadPoolExecutor() as pool:
        proofs = pool.map(lambda one: prove(arm, model, images, one), runtime or arm64.RUNTIMES)
        holding = [_show(proof) for proof in proofs]
    sys.exit(0 if all(holding) else 1)


def _show(proof: Proof) -> bool:
    click.echo(f"{proof.runtime}: {'holds' if proof.holds else 'DOES NOT HOLD'}")
    click.echo(f"  verify     {proof.golden}")
    for cpu, found in proof.answers.items():
        click.echo(f"  {_NAMES[cpu]:<10} {_told(found)}")
    click.echo(f"  score      {_told(proof.score)}{'' if proof.same else ', of OTHER IMAGES'}")
    click.echo(
        f"  edge run   {'the records of score' if proof.edge else 'OTHER RECORDS than score'}"
    )
    return proof.holds


def _told(found: Comparison) -> str:
    return (
        f"{found.verdict}: {found.n:,} images, farthest {found.farthest:.6f}, "
        f"{found.ties} ties, {len(found.differing)} with another best label"
    )


if __name__ == "__main__":
    try:
        main()
    except (LitescoreError, RuntimeError, pytest.skip.Exception) as error:
        click.echo(f"cannot be shown: {error}", err=True)
        sys.exit(3)
