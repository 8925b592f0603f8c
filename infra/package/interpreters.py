"""Pythons of this machine, by version: what could run a zip that is for another Python than ours."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# pyenv's commands of that name start and say that the version is not chosen: each is asked.
_ASK = "import sys, platform; print(*sys.version_info[:2], platform.machine())"
_PATIENCE = 20


def find(version: str) -> Path | None:
    """A Python `version` (such as "3.13") for this machine's processor, or None.

    Looked for in this process, in PATH and among pyenv's ($PYENV_ROOT, ~/.pyenv).
    """
    answer = f"{version.replace('.', ' ')} {platform.machine()}"
    return next((path for path in candidates(version) if _says(path) == answer), None)


def candidates(version: str) -> Iterator[Path]:
    """What may be one, the likeliest first; whether it is, only running it tells."""
    if version == ".".join(platform.python_version_tuple()[:2]):
        yield Path(sys.executable)
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(root.glob(f"versions/{version}.*/bin/python"))
    if found := shutil.which(f"python{version}"):
        yield Path(found)


def _says(python: Path) -> str:
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", _ASK],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
