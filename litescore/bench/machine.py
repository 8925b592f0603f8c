"""The machine at hand, in the few facts that a figure of speed is worth nothing without."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from litescore import __version__, memory

# What /proc/cpuinfo calls the processor: on x86-64, and (the whole board) on a Raspberry Pi.
_NAMES = ("model name", "Model")


@dataclass(frozen=True)
class Machine:
    """Where something was measured.

    platform   as `Linux-6.1.0-x86_64-with-glibc2.36`
    machine    `x86_64`, `aarch64`, ...
    cpu        the processor's or the board's name, as far as the system tells one
    cores      processors that the system has
    memory_mb  millions of bytes, None where the system does not tell
    """

    platform: str
    machine: str
    cpu: str
    cores: int
    memory_mb: int | None
    python: str
    litescore: str

    def as_json(self) -> dict[str, object]:
        """Its fields by name."""
        return asdict(self)


def here() -> Machine:
    """The facts of this machine."""
    return Machine(
        platform=platform.platform(),
        machine=platform.machine(),
        cpu=_cpu() or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        memory_mb=None if (size := memory.installed()) is None else size // 1_000_000,
        python=platform.python_version(),
        litescore=__version__,
    )


def _cpu() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return None
    facts = {
        name.strip(): value.strip() for name, _, value in (one.partition(":") for one in lines)
    }
    return next((facts[name] for name in _NAMES if facts.get(name)), None)
