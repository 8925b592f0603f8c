"""`litescore edge install`: words to the files of a service. Starting it is systemctl's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litescore.errors import ConfigurationError, UsageError
from litescore.releases.options import TRUST

if TYPE_CHECKING:
    from edge.service.unit import Service

_FIX = (
    "make the environment below /opt: sudo python3 -m venv --system-site-packages /opt/litescore "
    "&& sudo /opt/litescore/bin/pip install 'litescore[edge]'"
)
_HELP = ["-h", "--help"]


@click.command(
    short_help="Write a systemd service that runs on this device.",
    context_settings={"help_option_names": _HELP},
)
@click.option(
    "--model",
    required=True,
    metavar="FILE",
    help="The .tflite file; it is copied. Or SHELF@CHANNEL: the service follows it.",
)
@TRUST
@click.option("--source", required=True, metavar="SOURCE", help="As of `litescore edge run`.")
@click.option("--name", default="litescore-edge", show_default=True, help="The service's name.")
@click.option(
    "--program",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The litescore command that the service starts.  [default: this one]",
)
@click.option(
    "--prefix",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write below DIR, say a mounted SD card, in place of /; --program is looked for there.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there and differ.")
@click.option("--print", "show", is_flag=True, help="Print unit and settings; write nothing.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTION...]")
def install(
    model: str,
    trust: tuple[Path, ...],
    source: str,
    name: str,
    program: Path | None,
    prefix: Path | None,
    overwrite: bool,
    show: bool,
    options: tuple[str, ...],
) -> None:
    """Write a systemd unit, its environment file and a copy of the model, for a service that runs
    `litescore edge run` from boot on, is watched, and is started again whenever it ends. Of a channel
    the trusted public keys are copied in place of a model.

    Options of `litescore edge run` go after --; a camera is waited for in any case.
    LITESCORE_MQTT_PASSWORD, LITESCORE_SOURCE_USER, LITESCORE_SOURCE_PASSWORD and
    LITESCORE_PREVIEW_TOKEN are taken from the environment into the environment file, which root
    alone can read; so are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL
    for a channel in S3.

    \b
    Example:
      sudo /opt/litescore/bin/litescore edge install --model model.tflite --source picamera
      litescore edge install --model model.tflite --source 0 --print -- --interval 1
      sudo /opt/litescore/bin/litescore edge install --model https://host/models/shoes@stable \\
          --trust factory.key.pub --source picamera
    """
    from edge import service_model, service_options
    from edge.service import installing, unit

    service = unit.Service(name)
    root = (prefix or Path("/")).absolute()
    if not show:
        installing.check_may_write(root)
    started = _program(program, root)
    secrets = _secrets(model)
    parsed = service_options.parse(service, source, options)
    data = service_model.chosen(model, trust, parsed, secrets, _note)
    options = (*_waiting(source, options), *options)
    source = service_options.source_path(service, source)
    written_down = {} if show else secrets
    files = installing.plan(service, started, data, source, options, written_down)
    if show:
        click.echo(b"\n".join(file.data for file in files[:2]), nl=False)
        return
    written = installing.place(files, root, overwrite=overwrite)
    _tell(service, root, written, limited=installing.memory_is_limited(root))


def _secrets(model: str) -> dict[str, str]:
    """What is written down of the environment."""
    from edge.service import unit

    names = [*unit.SECRETS, *unit.CREDENTIALS]
    if os.environ.get("AWS_SESSION_TOKEN"):
        if model.startswith("s3://"):
            _note("the AWS keys here are a session's and end with it: type lasting ones in later")
        names = [*unit.SECRETS]
    return {name: os.environ.get(name, "") for name in names}


def _waiting(source: str, options: tuple[str, ...]) -> tuple[str, ...]:
    """A service waits for its camera, and says so meanwhile: it may well be up before it."""
    from edge.frames.opening import is_camera

    waits = "--wait-for-source"
    return (waits,) if is_camera(source) and waits not in options else ()


def _program(named: Path | None, root: Path) -> Path:
    """The command that the unit starts. Raises ConfigurationError where a service cannot run it."""
    from edge.service.reach import hindrance

    if named is not None:
        if not named.is_absolute():
            raise UsageError(
                f"--program {named}: give the whole path, as /opt/litescore/bin/litescore"
            )
        if found := hindrance(named, root, execute=True):
            raise ConfigurationError(f"--program {named}: {found}")
        return named
    program = Path(sys.prefix, "bin", "litescore")
    for path in (program, Path(sys.executable)):
        if found := hindrance(path, execute=True):
            raise ConfigurationError(f"the service could not run {program}: {found}; {_FIX}")
    # Of an editable install the code is elsewhere than the program.
    if found := hindrance(Path(__file__)):
        raise ConfigurationError(f"the service could not read litescore: {found}; {_FIX}")
    return program


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


def _tell(service: Service, root: Path, written: dict[Path, bool], *, limited: bool) -> None:
    for path, new in written.items():
        click.echo(f"{'wrote' if new else 'as it was'}  {root / path.relative_to('/')}")
    if not limited:
        _note(
            "this kernel enforces no memory limit; add cgroup_enable=memory to the line in "
            "/boot/firmware/cmdline.txt and reboot"
        )
    click.echo(
        "next:\n"
        "  sudo systemctl daemon-reload\n"
        f"  sudo systemctl enable {service.name} && sudo systemctl restart {service.name}\n"
        f"  journalctl -u {service.name} -f"
    )
