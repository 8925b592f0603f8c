"""Modules compiled beforehand, by an interpreter of the target's version.

/var/task is read-only: what is not compiled in the zip is compiled at each cold start. Bytecode is
the same on each machine, so any interpreter of that version does. Runs it, and imports nothing of
what it compiles.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from infra.package import interpreters
from infra.package.contents import Part
from litescore.errors import ConfigurationError

# Where Lambda unpacks the zip; tracebacks name files there.
_TASK_ROOT = "/var/task"
# With the least of its own surroundings: no site packages, no folder of ours, nothing of the user's
# settings. A fixed seed, since what order a set has may be seen in bytecode.
_ALONE = ("-S", "-s", "-P")
_ENVIRON = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
# Free-threaded builds (t) and debug builds (d) have letters among their flags.
_ASK = (
    "import sys, platform; print(platform.python_version(), sys.implementation.name, "
    "sys.version_info.releaselevel, sys.abiflags or '-')"
)
_PATIENCE = 20


@dataclass(frozen=True)
class Interpreter:
    """A Python at hand: where it lies, and its full version, such as `3.13.0`."""

    path: Path
    version: str


def find(python: str, named: Path | None = None) -> Interpreter | None:
    """An interpreter of the version `python`: the one named, else one of this machine.

    Looked for are the Python that runs this, `pythonX.Y` on PATH, and pyenv's. Each is run and
    asked, for a name proves nothing. None where there is none. Raises ConfigurationError when the
    one that is named is of another version or does not run.
    """
    if named is not None:
        found = _ask(named)
        if found is None or not _suits(found, python):
            said = f"Python {found.version}" if found else "no Python that runs here"
            raise ConfigurationError(
                f"--interpreter {named} is {said}, the function's modules need Python {python}"
            )
        return found
    asked = (_ask(path) for path in interpreters.candidates(python))
    return next((found for found in asked if found and _suits(found, python)), None)


def compiled(parts: Sequence[Part], interpreter: Interpreter) -> list[Part]:
    """The parts with the bytecode of their modules beside them.

    Hashes that are not checked stand for times, and each part has a process of its own, since what
    bytecode looks like depends on what else was loaded: so that the same source always makes the
    same bytes. Raises ConfigurationError with what was said of a module that does not compile.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(partial(_with_bytecode, interpreter=interpreter), parts))


def _ask(path: Path) -> Interpreter | None:
    """None for what does not run, is no final CPython, or is a build of its own kind."""
    try:
        done = subprocess.run(
            [str(path), *("-I", "-S", "-c", _ASK)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.split()
    if done.returncode != 0 or words[1:] != ["cpython", "final", "-"]:
        return None
    return Interpreter(path, words[0])


def _suits(found: Interpreter, python: str) -> bool:
    return found.version.startswith(f"{python}.")


def _with_bytecode(part: Part, *, interpreter: Interpreter) -> Part:
    sources = {name: data for name, data in part.files.items() if name.endswith(".py")}
    if not sources:
        return part
    with tempfile.TemporaryDirectory(prefix="litescore-package-") as name:
        folder = Path(name)
        _write(sources, folder)
        words = [str(interpreter.path), *_ALONE, "-m", "compileall", "-q"]
        words += ["--invalidation-mode", "unchecked-hash", "-s", name, "-p", _TASK_ROOT, name]
        done = subprocess.run(
            words,
            env=_ENVIRON,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = " ".join(done.stdout.split())[:300]
            raise ConfigurationError(
                f"{part.name} does not compile on Python {interpreter.version}: {said}"
            )
        made = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.pyc")}
    return Part(part.name, part.version, part.licence, part.sha256, part.files | made)


def _write(sources: Mapping[str, bytes], folder: Path) -> None:
    for name, data in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
