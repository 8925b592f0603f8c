"""Temporary copies of what cannot be read where it lies: objects of S3, and what is gzipped.

A copy is made once a process and goes with it; processes that it starts read the same one. Nothing
is held in memory.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from litescore.errors import ConfigurationError

_lock = threading.Lock()
_folder: tempfile.TemporaryDirectory[str] | None = None
_copies: dict[tuple[str, str], Path] = {}


def copy(name: str, identity: str, pieces: Callable[[], Iterable[bytes]], *, least: int) -> Path:
    """A file of all the pieces: made anew for another name or identity only.

    least  bytes that it has at least; a disk that has no room for them is told of at once

    Raises ConfigurationError where the temporary folder is full or cannot be written.
    """
    with _lock:
        if (name, identity) not in _copies:
            _copies[name, identity] = _made(name, pieces, least)
        return _copies[name, identity]


def _made(name: str, pieces: Callable[[], Iterable[bytes]], least: int) -> Path:
    global _folder
    try:
        if _folder is None:
            _folder = tempfile.TemporaryDirectory(prefix="litescore-", ignore_cleanup_errors=True)
        path = Path(_folder.name) / str(len(_copies))
        free = shutil.disk_usage(_folder.name).free
        if least > free:
            raise _full(name, f"it needs {least:,} bytes, {free:,} are free")
        with path.open("wb") as file:
            for piece in pieces():
                file.write(piece)
    except OSError as error:
        raise _full(name, error.strerror or str(error)) from error
    return path


def _full(name: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"cannot copy {name} into the temporary folder: {why}; name one with more space by TMPDIR"
    )
