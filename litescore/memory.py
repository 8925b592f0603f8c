"""How much memory a process may have here: the machine's, or less where a container limits it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")


def allowed() -> int | None:
    """Bytes that this process may use before the system ends it; None where no system tells.

    The machine's memory, or a container's (cgroup) limit where that is less. What others use now
    is not taken off.
    """
    return min((size for size in (installed(), *_limits()) if size is not None), default=None)


def installed() -> int | None:
    """Bytes of memory that the machine has; None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except AttributeError:
        return _on_windows()
    except (ValueError, OSError):
        return None


class _Status(ctypes.Structure):
    """Windows' MEMORYSTATUSEX."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("installed", ctypes.c_uint64),
        ("others", ctypes.c_uint64 * 6),
    )


def _on_windows() -> int | None:
    libraries = getattr(ctypes, "windll", None)
    if libraries is None:
        return None
    status = _Status(length=ctypes.sizeof(_Status))
    told = libraries.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.installed) if told else None


def _limits() -> Iterator[int]:
    """The limit of each control group that this process is in, of both versions of Linux' groups."""
    lines: list[str] = []
    with suppress(OSError):
        lines = _OWN_GROUPS.read_text().splitlines()
    for line in lines:
        _, kinds, name = line.split(":", 2)
        if not kinds:
            yield from _limits_above(_GROUPS, name, "memory.max")
        elif "memory" in kinds.split(","):
            yield from _limits_above(_GROUPS / "memory", name, "memory.limit_in_bytes")


def _limits_above(root: Path, name: str, file: str) -> Iterator[int]:
    """Of the group and of all that it lies in. A container sees its own group as the root."""
    place = PurePosixPath(name.lstrip("/"))
    for group in (place, *place.parents):
        # `max`, where there is no limit, is no number.
        with suppress(OSError, ValueError):
            yield int((root / group / file).read_text())
