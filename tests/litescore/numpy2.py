"""NumPy 2 beside the environment's NumPy 1, for processes that must see the other one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.cache import cached
from tests.rig.needs import lack

_VERSION = "2.2.6"


def run_under_numpy2(script: str, **variables: str) -> str:
    """What a script prints in this environment, were its NumPy the second.

    Skips where there is no such NumPy for this Python, or no registry to fetch it from.
    """
    try:
        folder = cached(f"numpy-{_VERSION}-{sys.implementation.cache_tag}", _install)
    except subprocess.CalledProcessError as error:
        lack(f"needs numpy {_VERSION} from the package registry: {error.stderr[-200:]}")
    environ = os.environ | {"PYTHONPATH": str(folder)} | variables
    script = f"import numpy; assert numpy.__version__ == {_VERSION!r}\n{script}"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(done.stderr[-2000:])
    return done.stdout


def _install(folder: Path) -> None:
    words = ["--quiet", "--no-deps", "--only-binary=:all:", "--target", folder]
    command = [sys.executable, "-m", "pip", "install", *words, f"numpy=={_VERSION}"]
    subprocess.run(
        [*map(str, command), "--disable-pip-version-check"],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
