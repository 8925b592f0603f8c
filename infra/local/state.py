"""Which local clouds run on this machine, for the commands that say `--local`.

A small file for each, locked as long as its process lives: the kernel takes the lock away however
the process ends, so that neither a SIGKILL nor a process id that is used again leads astray.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from litescore.errors import ConfigurationError


@dataclass(frozen=True)
class Running:
    """A local cloud: where every service answers, its stack's name, whose process it is, and its
    web page, "" where it has none.
    """

    endpoint: str
    stack: str
    pid: int
    page: str = ""


@contextmanager
def announced(found: Running) -> Iterator[None]:
    """Within, `running` finds it. Raises ConfigurationError where the file cannot be written."""
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".")
    except OSError as error:
        raise ConfigurationError(f"cannot write into {folder}: {error.strerror}") from error
    path = Path(name)
    with os.fdopen(handle, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(asdict(found)))
        file.flush()
        # Only now can it be found: a lock is the file's, whatever its name.
        shown = path.rename(path.with_name(f"{path.name.lstrip('.')}.json"))
        try:
            yield
        finally:
            shown.unlink(missing_ok=True)


def running() -> Running | None:
    """The one that was started last of those that run; None where none does."""
    found = everyone()
    return found[0] if found else None


def everyone() -> list[Running]:
    """All that run, the one that was started last first."""
    files = ((path, _opened(path)) for path in _folder().glob("*.json"))
    found = []
    for path, file in files:
        if file is not None:
            with file:
                if one := _read(path, file):
                    found.append((os.fstat(file.fileno()).st_mtime_ns, one))
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])]


def _opened(path: Path) -> IO[str] | None:
    try:
        return path.open()
    except OSError:  # it ended just now
        return None


def _read(path: Path, file: IO[str]) -> Running | None:
    """What the file says; None where nobody holds its lock any more, and the file is removed."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        with suppress(ValueError, TypeError):
            return Running(**json.load(file))
        return None
    path.unlink(missing_ok=True)
    return None


def _folder() -> Path:
    return home() / "local"


def home() -> Path:
    """The folder for what litescore keeps of a user between two runs."""
    root = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(root) / "litescore"
