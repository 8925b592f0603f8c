"""Folders in the user's cache: what is slow to fetch or make, once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from litescore import lock
from litescore.caches import folder

__all__ = ["cached", "folder"]


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` in the user's cache, filled once by `make(folder)`.

    Made beside its place and moved there whole: an interrupted making leaves no half of it. A
    process that finds another at it waits for that one's. `name` says which version it holds.
    """
    base = folder()
    place = base / name
    if place.exists():
        return place
    base.mkdir(parents=True, exist_ok=True)
    with lock.held(base / f".{name}.lock", lambda: None):
        if not place.exists():
            _make(place, make)
    return place


def _make(place: Path, make: Callable[[Path], None]) -> None:
    beside = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        make(beside)
        beside.chmod(0o755)
        beside.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
