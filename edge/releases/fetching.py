"""A release's file, brought onto the device's disk: it goes on where it broke off, even after a
restart.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from litescore.errors import ConfigurationError, PermanentError, ReleaseError
from litescore.releases import release
from litescore.releases.release import Release
from litescore.releases.shelf import Shelf
from litescore.store import resume

_SUFFIX = ".part"
# Left for the statement, the state, and what other programs write meanwhile.
_SPARE = 2**20


def fetch(
    shelf: Shelf,
    found: Release,
    folder: Path,
    *,
    max_bytes: int,
    between: Callable[[], None] = lambda: None,
) -> bytes:
    """The file of a release, whole and the one that was meant. What came of it lies in `folder` until
    then, and until `clear`.

    between  is called after each piece, and may end it by what it raises

    Raises ReleaseError for a file that is too large, missing or another, TransientError where the
    transfer breaks off, ConfigurationError where the disk does not take it or has no room for it.
    """
    if found.size > max_bytes:
        raise ReleaseError(
            f"release {found.digest[:12]} has {found.size:,} bytes, this device takes {max_bytes:,}"
        )
    part = folder / f"{found.digest}{_SUFFIX}"
    _remove_others(folder, part)
    _check_room(part, found)
    try:
        resume.complete(shelf.file(found.digest), part, found.size, between=between)
        file = part.read_bytes()
        release.check(found, file)
    except PermanentError as error:
        raise ReleaseError(f"release {found.digest[:12]}: {error.reason}") from error
    except (ReleaseError, ConfigurationError):
        # What is wrong in it would be wrong the next time; and a full disk is not to stay full.
        _remove(part)
        raise
    except OSError as error:
        raise ConfigurationError(f"cannot read {part}: {error.strerror or error}") from error
    return file


def clear(folder: Path) -> None:
    """Remove what came of files: they are in their slots, or not wanted any more."""
    _remove_others(folder, None)


def _check_room(part: Path, found: Release) -> None:
    """It lies here and in its slot: a disk that fills up on the way is full for the records too."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        done = part.stat().st_size if part.exists() else 0
        free = shutil.disk_usage(part.parent).free
    except OSError as error:
        raise ConfigurationError(f"cannot write {part}: {error.strerror or error}") from error
    needed = 2 * found.size - min(done, found.size) + _SPARE
    if free < needed:
        raise ConfigurationError(
            f"release {found.digest[:12]} needs {needed:,} bytes in {part.parent}, {free:,} are free"
        )


def _remove_others(folder: Path, kept: Path | None) -> None:
    # Beginning with a dot are the files that something else is being written to just now.
    for part in folder.glob(f"[!.]*{_SUFFIX}"):
        if part != kept:
            _remove(part)


def _remove(part: Path) -> None:
    with suppress(OSError):
        part.unlink()
