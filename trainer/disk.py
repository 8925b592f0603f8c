"""Room for a finished training in its folder: asked for before the first epoch, not after the last."""

from __future__ import annotations

from pathlib import Path

from litescore.errors import ConfigurationError
from trainer.images.memory import disk_free

# A weight, and the same of the model.keras that the new one replaces.
_WEIGHT = 8
# The report, its pictures and the rest.
_REST = 50 * 10**6


def needed(weights: int) -> int:
    """Bytes that the folder of a model of so many weights takes; checkpoints, which may be done
    without, are not counted.
    """
    return _WEIGHT * weights + _REST


def check(out: Path, weights: int, *, free: int | None = None) -> None:
    """Raises ConfigurationError where `out`, a folder, has fewer bytes free than are needed. `free`
    is asked of the system where it is not given.
    """
    there = disk_free(out) if free is None else free
    if needed(weights) > there:
        raise ConfigurationError(
            f"the trained model needs {needed(weights) / 1e6:,.0f} MB in {out}, "
            f"{there / 1e6:,.0f} MB are free: free some, or name another folder with --out"
        )
