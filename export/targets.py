"""The machines a file is meant for: which runtimes must load it, and which figure is its speed."""

from __future__ import annotations

from dataclasses import dataclass

from litescore.errors import UsageError


@dataclass(frozen=True)
class Target:
    """A place where the file will run.

    runtimes  that must load it, the preferred one first: `litert`, `tflite-runtime`
    here      this machine is such a place, so that its own latency counts; else it must be brought
              from there (`--measured`)
    frames    images come one by one, as from a camera; else in the batches of the pipeline
    """

    name: str
    runtimes: tuple[str, ...]
    here: bool
    frames: bool
    about: str


# A Raspberry Pi OS with Python 3.11 has tflite-runtime, a newer one LiteRT: a file for a Pi must
# load in both. AWS Lambda's managed Python runtimes can have LiteRT only.
TARGETS = {
    target.name: target
    for target in (
        Target("litert", ("litert",), True, False, "LiteRT on this machine, batches"),
        Target("tflite-runtime", ("tflite-runtime",), True, False,
               "tflite-runtime 2.14 on this machine, batches"),
        Target("pi4", ("tflite-runtime", "litert"), False, True, "a Raspberry Pi 4, camera frames"),
        Target("pi5", ("tflite-runtime", "litert"), False, True, "a Raspberry Pi 5, camera frames"),
        Target("lambda", ("litert",), False, False, "AWS Lambda (LiteRT in a zip), batches"),
    )
}  # fmt: skip


def target(name: str) -> Target:
    """The target of that name. Raises UsageError for another."""
    if name not in TARGETS:
        raise UsageError(f"unknown target {name!r}: one of {', '.join(TARGETS)}")
    return TARGETS[name]
