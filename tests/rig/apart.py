"""Environments of programs whose pins would meet ours: each in the cache folder, made on first use."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
import venv
from pathlib import Path

from tests.rig.cache import cached

_PIP = ("--quiet", "--disable-pip-version-check", "install", "--only-binary=:all:")


def environment(name: str, lock: Path, *options: str) -> Path:
    """The `bin` folder of an environment with what `lock` pins, hashes included.

    `options` are pip's. Raises RuntimeError with what pip said.
    """

    def make(folder: Path) -> None:
        # Debian's Python has no ensurepip: pip is ours, and works on the environment from outside.
        venv.create(folder, symlinks=True)
        pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
        command = [*pip, *_PIP, *options, "--require-hashes", "-r", lock]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"cannot install {name}: {done.stderr[-2000:]}")

    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:8]
    return cached(f"{name}-python{platform.python_version()}-{digest}", make) / "bin"
