"""Where decoded images are kept. Knows nothing of images."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from litescore import caches
from litescore.settings import Settings


def folder(environ: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """The folder for decoded images: LITESCORE_CACHE, else one in the user's own cache on this
    `system` (a value of `sys.platform`). It need not exist.
    """
    named = Settings.read(environ).cache
    return Path(named) if named else caches.folder(environ, system) / "images"
