"""One process at a time: a file that is locked, on each system by its own means.

The system lets go of it when its process ends, however that ends.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PAUSE = 0.1
_ANOTHER_HAS_IT = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)

if sys.platform == "win32":
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def held(path: Path, waits: Callable[[], None]) -> Iterator[None]:
    """Hold the lock; `waits` is called once where another process has it, which is waited for."""
    told = False
    while (file := _taken(path)) is None:
        if not told:
            waits()
            told = True
        time.sleep(_PAUSE)
    with _released(path, file):
        yield


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock unless another process has it; whether it is held."""
    file = _taken(path)
    if file is None:
        yield False
        return
    with _released(path, file):
        yield True


def _taken(path: Path) -> int | None:
    """Raises OSError where the file cannot be made, or its file system knows no locks."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(file)
    except OSError as error:
        os.close(file)
        if error.errno in _ANOTHER_HAS_IT:
            return None
        raise
    # Whoever had it before may have removed the file meanwhile: this lock would be nobody's.
    if _same(path, file):
        return file
    os.close(file)
    return None


def _same(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except OSError:
        return False


@contextmanager
def _released(path: Path, file: int) -> Iterator[None]:
    try:
        yield
    finally:
        # Removed while it is held. Windows removes no open file: it stays there, empty.
        with suppress(OSError):
            path.unlink()
        os.close(file)
