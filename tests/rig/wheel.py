"""The wheel that users install, built from this checkout, and a fresh environment that has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from hatchling.builders.sdist import SdistBuilder

from tests.rig import locked


@dataclass(frozen=True)
class Environment:
    """A virtual environment, used from a folder from which the checkout cannot be imported."""

    folder: Path

    def run(self, *words: str | Path, patience: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment (`python`, `litescore`, ...) and give what it said."""
        program, *rest = map(str, words)
        hidden = ("PYTHON", "LITESCORE_", "VIRTUAL_ENV")
        environ = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        return subprocess.run(
            [self.folder / "bin" / program, *rest],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
        )

    def installed(self) -> set[str]:
        """The names of the distributions that it holds."""
        listed = _pip("--python", self.folder / "bin" / "python", "list", "--format", "json")
        return {entry["name"] for entry in json.loads(listed)}


def build(folder: Path, source: Path = locked.ROOT) -> Path:
    """The wheel of the checkout or an sdist, in `folder`; hatchling is the environment's own."""
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    (wheel,) = folder.glob("litescore-*.whl")
    return wheel


def pack(folder: Path) -> Path:
    """The sdist, in `folder`."""
    return Path(next(iter(SdistBuilder(str(locked.ROOT)).build(directory=str(folder)))))


def install(wheel: Path, extra: str, folder: Path) -> Environment:
    """A fresh environment in `folder` with the wheel and one extra, in the versions of the lock.

    What is installed is what the wheel's metadata asks for: the lock only says which version.
    """
    # Debian's Python has no ensurepip: pip is ours, and works on the environment from outside.
    venv.create(folder, symlinks=True)
    versions = folder / "versions.txt"
    versions.write_text("".join(f"{pin.split()[0]}\n" for pin in locked.pins().values()))
    environment = Environment(folder)
    _pip(
        "--python",
        folder / "bin" / "python",
        "install",
        "--constraint",
        versions,
        f"{wheel}[{extra}]",
    )
    return environment


def _pip(*words: str | Path) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command} exited with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
