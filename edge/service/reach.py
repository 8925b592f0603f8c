"""Whether a service that is a user of its own may use what lies at a path."""

from __future__ import annotations

import stat
from pathlib import Path

# ProtectHome= and PrivateTmp= put empty folders in the place of these.
_HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108
_ROOT = Path("/")
_READ, _ENTER = stat.S_IROTH, stat.S_IXOTH


def hindrance(path: Path, root: Path = _ROOT, *, execute: bool = False) -> str | None:
    """Why the service cannot read (or `execute`) what lies at the absolute `path`; None if it can.

    root  where the device's files are; only on the device itself are symbolic links followed
    """
    for place in (path, path.resolve()) if root == _ROOT else (path,):
        if found := _hindrance(place, root, _ENTER if execute else _READ):
            return found
    return None


def _hindrance(path: Path, root: Path, wanted: int) -> str | None:
    hidden = next((folder for folder in _HIDDEN if path.is_relative_to(folder)), None)
    if hidden is not None:
        return f"{path} lies below {hidden}, which a service does not see"
    for place in (*reversed(path.parents[:-1]), path):
        needed = _ENTER if place != path else wanted
        try:
            mode = (root / place.relative_to("/")).stat().st_mode
        except FileNotFoundError:
            return f"{root / place.relative_to('/')} does not exist"
        except OSError as error:
            return f"{place}: {error.strerror}"
        if stat.S_ISDIR(mode):
            needed |= _ENTER
        if mode & needed != needed:
            return f"{place} is closed to other users (mode {stat.S_IMODE(mode):04o})"
    return None
