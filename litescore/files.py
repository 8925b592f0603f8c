"""Writing files so that a crash, a full disk or a power cut leaves the old one whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from litescore.errors import ConfigurationError


def write_whole(path: str | Path, data: bytes, *, mode: int | None = None) -> Path:
    """Write `data` beside `path`, sync it, and move it into place; the folder is made if needed.

    mode  of the file, whatever the umask; until the data is in it nobody else may open it. None
          leaves it to the umask

    Raises ConfigurationError naming the path when it cannot be written.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(beside, "wb", opener=None if mode is None else _private) as file:
            file.write(data)
            file.flush()
            # Windows has no such bits before Python 3.13.
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def check_place(path: str | Path) -> None:
    """Before long work: its folder is made if needed, and a file can be begun there.

    Raises ConfigurationError as `write_whole` does where it cannot.
    """
    from tempfile import TemporaryFile

    folder = Path(path).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
