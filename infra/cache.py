"""The user's cache folder: what is slow to fetch or make, once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def folder() -> Path:
    """Where everything that is kept lies; it may not be there yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "litescore"


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` in the user's cache, filled once by `make(folder)`.

    Made beside its place and moved there whole: an interrupted or a concurrent making leaves no
    half of it. `name` says which version it holds.
    """
    base = folder()
    place = base / name
    if place.exists():
        return place
    base.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=base))
    try:
        make(beside)
        beside.chmod(0o755)
        _move(beside, place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return place


def _move(beside: Path, place: Path) -> None:
    try:
        beside.rename(place)
    except OSError:
        if not place.exists():  # else another process was first, with the same contents
            raise
