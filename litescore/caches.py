"""Where a user's own caches lie: what is slow to fetch or make, and may be deleted at any time."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def folder(environ: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """litescore's folder: below XDG_CACHE_HOME where that is set, else where the system (a value of
    `sys.platform`) keeps caches. It need not exist.
    """
    return _caches(environ, system) / "litescore"


def _caches(environ: Mapping[str, str], system: str) -> Path:
    # The standard has relative paths ignored (XDG Base Directory 0.8).
    if Path(named := environ.get("XDG_CACHE_HOME", "")).is_absolute():
        return Path(named)
    home = Path.home()
    if system == "darwin":
        return home / "Library" / "Caches"
    if system == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return home / ".cache"
