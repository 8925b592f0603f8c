"""One loop for a model's slots: two would write over each other's.

The claim is a file that is locked for as long as the process lives: whatever ends it, a power cut
too, leaves none.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from litescore.errors import ConfigurationError

_FILE = "loop.lock"
# Seconds: whoever only looks has the lock for a moment.
_PATIENCE = 1.0
_HELD: dict[Path, int] = {}


def taken(folder: Path) -> Path:
    """The folder, made where it was not, and this process's own from now on until it ends.

    Raises ConfigurationError where another process has it, or where the disk does not take it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = folder.resolve() / _FILE
        if place not in _HELD:
            _HELD[place] = _locked(os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except BlockingIOError:
        raise ConfigurationError(
            f"another loop follows {folder.name} in {folder}: give this one a --state of its own"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"cannot write {folder}: {error.strerror or error}") from error
    return folder


def is_taken(folder: Path) -> bool:
    """Whether a loop follows the model now."""
    try:
        file = os.open(folder / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _locked(file: int) -> int:
    """Raises BlockingIOError where it stays another's."""
    end = time.monotonic() + _PATIENCE
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        if time.monotonic() > end:
            os.close(file)
            raise BlockingIOError
        time.sleep(0.05)
