"""`litescore package`: parse and print, nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.options import HELP, JSON, MODEL, build_zip, model_file
from infra.package.target import ARCHITECTURES, DEFAULT, PYTHONS, UNPACKED_LIMIT, Target
from litescore.errors import UsageError
from litescore.settings import RUNTIMES, table

if TYPE_CHECKING:
    from infra.package.build import Package
    from infra.package.smoke import Smoke

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(context_settings=HELP, epilog=table("model"))
@MODEL
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build"),
    show_default=True,
    metavar="FOLDER",
    help="Write function.zip and its bill of materials into this folder.",
)
@click.option(
    "--arch",
    type=click.Choice(ARCHITECTURES),
    default=DEFAULT.arch,
    show_default=True,
    help="The function's processor.",
)
@click.option(
    "--python",
    type=click.Choice(PYTHONS),
    default=DEFAULT.python,
    show_default=True,
    help="The function's Python; 3.11 is for `litescore local` only.",
)
@click.option(
    "--wheels",
    type=_FOLDER,
    metavar="FOLDER",
    help="Take the wheels from this folder and ask no package index.",
)
@click.option(
    "--interpreter",
    type=_FILE,
    metavar="PATH",
    help="A Python of the function's version, to compile its modules.  [default: one found here]",
)
@click.option(
    "--follow",
    is_flag=True,
    help="For a function that follows a channel (`litescore deploy --model SHELF@CHANNEL`).",
)
@click.option("--container", is_flag=True, help="Write a Dockerfile and what it copies instead.")
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    help="What scores in the container.  [default: litert]",
)
@JSON
def package(
    model: str | None,
    out: Path,
    arch: str,
    python: str,
    wheels: Path | None,
    interpreter: Path | None,
    follow: bool,
    container: bool,
    runtime: str | None,
    as_json: bool,
) -> None:
    """Build the function's zip for AWS Lambda.

    It holds the handler, the model, and pinned wheels of the libraries for that processor and
    Python, wherever this runs. The wheels are fetched once, by pip. The same model makes the same
    zip. What Lambda could not load or unpack is refused; where a Python of that version is at hand,
    the zip scores its model's golden samples under Lambda's emulator before it is called good.

    \b
    Example:
      litescore package --model model.tflite --out build/ --arch arm64
    """
    target, file = Target(arch, python), model_file(model)
    if container:
        _write_container(file, out, target, runtime or RUNTIMES[0], follow=follow, as_json=as_json)
        return
    if runtime:
        raise UsageError("--runtime is the container's: a zip has LiteRT, name --container too")
    built = build_zip(
        file, out, target=target, wheel_folder=wheels, interpreter=interpreter, follow=follow
    )
    smoke = _smoke(built, interpreter)
    if as_json:
        click.echo(json.dumps(_as_json(built, smoke)))
    else:
        _print_package(built, smoke)


def _write_container(
    model: Path, out: Path, target: Target, runtime: str, *, follow: bool, as_json: bool
) -> None:
    from infra.package import container

    folder = container.write(model, out, target=target, runtime=runtime, follow=follow)
    if as_json:
        click.echo(json.dumps({"container": str(folder), "arch": target.arch, "runtime": runtime}))
    else:
        click.echo(f"{folder}: for {runtime} on {target.arch}; docker build {folder}")


def _smoke(built: Package, interpreter: Path | None) -> Smoke:
    """The zip's own answers. One that fails, or is not heard to the end (Ctrl-C, a full disk), is
    not left where it may be deployed.
    """
    from infra.package import smoke

    try:
        return smoke.run(built, say=_say, python=interpreter)
    except BaseException:
        built.path.unlink(missing_ok=True)
        built.sbom.unlink(missing_ok=True)
        _say(f"{built.path} is removed: it did not pass its smoke run")
        raise


def _print_package(built: Package, smoke: Smoke) -> None:

    click.echo(
        f"{built.path}: {_mb(built.zipped)}, unpacks to {_mb(built.unpacked)} "
        f"of {_mb(UNPACKED_LIMIT)}"
    )
    for name, size in built.parts:
        if size >= 100_000:
            click.echo(f"  {_mb(size):>9}  {name}")
    click.echo(f"  SHA-256 {built.digest}; what it holds: {built.sbom}")
    click.echo(f"for {built.target}, {_compiled(built)}")
    if built.target.local_only:
        click.echo(
            "for `litescore local` only: Lambda's Python 3.11 runs on Amazon Linux 2, whose "
            "libraries LiteRT is too new for"
        )
    click.echo(f"smoke run: {smoke.words}")


def _compiled(built: Package) -> str:
    if built.compiled:
        return f"compiled by Python {built.compiled}"
    return (
        f"not compiled, for no Python {built.target.python} is at hand: every cold start compiles "
        "the modules anew, and its imports take twice the time (0.65 s for 0.33); name one with "
        "--interpreter"
    )


def _as_json(built: Package, smoke: Smoke) -> dict[str, Any]:
    return asdict(built) | {
        "path": str(built.path),
        "sbom": str(built.sbom),
        "parts": dict(built.parts),
        "smoke": asdict(smoke),
    }


def _say(line: str) -> None:
    click.echo(line, err=True)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
