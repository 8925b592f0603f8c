"""The machines a file is meant for: which runtimes must load it, and which figure is its speed."""

from __future__ import annotations

from dataclasses import dataclass

from litescore.errors import UsageError


@dataclass(frozen=True)
class Target:
    """A place where the file will run.

    runtimes  that must load it, the preferred one first: `litert`, `tflite-runtime`
    machines  it can be, as `uname -m` says; none where it is this machine, whose own latency counts
              then; else latency must be brought from there (`--measured`)
    frames    images come one by one, as from a camera; else in the batches of the pipeline
    """

    name: str
    runtimes: tuple[str, ...]
    machines: tuple[str, ...]
    frames: bool
    about: str

    @property
    def here(self) -> bool:
        """Whether it is this machine."""
        return not self.machines


# A Raspberry Pi OS with Python 3.11 has tflite-runtime, a newer one LiteRT: a file for a Pi must
# load in both. AWS Lambda's managed Python runtimes can have LiteRT only.
TARGETS = {
    target.name: target
    for target in (
        Target("litert", ("litert",), (), False, "LiteRT on this machine, batches"),
        Target("tflite-runtime", ("tflite-runtime",), (), False,
               "tflite-runtime 2.14 on this machine, batches"),
        Target("pi4", ("tflite-runtime", "litert"), ("aarch64", "armv7l"), True,
               "a Raspberry Pi 4, camera frames"),
        Target("pi5", ("tflite-runtime", "litert"), ("aarch64", "armv7l"), True,
               "a Raspberry Pi 5, camera frames"),
        Target("lambda", ("litert",), ("x86_64", "aarch64"), False,
               "AWS Lambda (LiteRT in a zip), batches"),
    )
}  # fmt: skip


def target(name: str) -> Target:
    """The target of that name. Raises UsageError for another."""
    if name not in TARGETS:
        raise UsageError(f"unknown target {name!r}: one of {', '.join(TARGETS)}")
    return TARGETS[name]
