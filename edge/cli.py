"""`litescore edge`: the group of its commands."""

from __future__ import annotations

import click

from edge.bench_command import bench
from edge.collect_command import collect
from edge.install_command import install
from edge.run_command import run
from edge.status_command import status


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def edge() -> None:
    """Score camera frames on this device.

    \b
    Example:
      litescore edge run --model model.tflite --source 0
    """


edge.add_command(run)
edge.add_command(collect)
edge.add_command(bench)
edge.add_command(install)
edge.add_command(status)
