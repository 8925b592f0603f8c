"""A release's file, brought onto the device's disk: it goes on where it broke off, even after a
restart.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from litescore.errors import ConfigurationError, PermanentError, ReleaseError
from litescore.releases import release
from litescore.releases.release import Release
from litescore.releases.shelf import Shelf
from litescore.store import resume

_SUFFIX = ".part"


def fetch(shelf: Shelf, found: Release, folder: Path, *, max_bytes: int) -> bytes:
    """The file of a release, whole and the one that was meant. What came of it lies in `folder` until
    then.

    Raises ReleaseError for a file that is too large, missing or another, TransientError where the
    transfer breaks off, ConfigurationError where the disk does not take it.
    """
    if found.size > max_bytes:
        raise ReleaseError(
            f"release {found.digest[:12]} has {found.size:,} bytes, this device takes {max_bytes:,}"
        )
    part = folder / f"{found.digest}{_SUFFIX}"
    _remove_others(folder, part)
    try:
        resume.complete(shelf.file(found.digest), part, found.size)
        file = part.read_bytes()
        release.check(found, file)
    except PermanentError as error:
        raise ReleaseError(f"release {found.digest[:12]}: {error.reason}") from error
    except ReleaseError:
        # What is wrong in it would be wrong the next time.
        part.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise ConfigurationError(f"cannot read {part}: {error.strerror or error}") from error
    return file


def clear(folder: Path) -> None:
    """Remove what came of files: they are in their slots, or not wanted any more."""
    _remove_others(folder, None)


def _remove_others(folder: Path, kept: Path | None) -> None:
    for part in folder.glob(f"*{_SUFFIX}"):
        if part != kept:
            with suppress(OSError):
                part.unlink()
