"""What is slow to make, once for all the processes that share a test run."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from litescore import lock

_T = TypeVar("_T")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], _T]) -> _T:
    """What `make(folder)` answers, a value that pickle knows; the folder is read by all of them and
    written to by none.

    The first process that asks makes it, the others wait. What fails is tried again by the next one.
    """
    run = _run(factory)
    folder, made = run / name, run / f"{name}.made"
    with lock.held(run / f".{name}.lock", lambda: None):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            value = make(folder)
            made.write_bytes(pickle.dumps(value))
    found: _T = pickle.loads(made.read_bytes())
    return found


def _run(factory: pytest.TempPathFactory) -> Path:
    """The run's folder: each of pytest-xdist's processes (popen-gw0, ...) has its own below it."""
    own = factory.getbasetemp()
    return own.parent if own.name.startswith("popen-") else own
