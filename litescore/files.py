"""Writing files so that a crash, a full disk or a power cut leaves the old one whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from litescore.errors import ConfigurationError


def write_whole(path: str | Path, data: bytes) -> Path:
    """Write `data` beside `path`, sync it, and move it into place; the folder is made if needed.

    Raises ConfigurationError naming the path when it cannot be written.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from error
    return path
