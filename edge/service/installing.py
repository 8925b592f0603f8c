"""The files of an installation, and how they get to their places.

Nothing is written before all of it may be; what somebody changed is left alone unless told, and
then kept beside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.service import unit
from edge.service.unit import Service
from litescore.errors import ConfigurationError, UsageError
from litescore.files import write_whole

_EVERYONE, _OWNER, _ENTERED = 0o644, 0o600, 0o755
_KEPT = ".old"
_CGROUP = Path("sys/fs/cgroup/cgroup.controllers")


@dataclass(frozen=True)
class Placed:
    """A file and its place on the device.

    kept    an earlier one is worth keeping beside
    public  the folder must let everyone in
    """

    path: Path
    data: bytes
    mode: int
    kept: bool = True
    public: bool = False


@dataclass(frozen=True)
class Following:
    """A channel to follow, and what is trusted of it.

    model  as `SHELF@CHANNEL`
    keys   id -> PEM of each public key
    """

    model: str
    keys: Mapping[str, bytes]


def plan(
    service: Service,
    program: Path,
    model: bytes | Following,
    source: str,
    options: Sequence[str],
    secrets: Mapping[str, str],
) -> tuple[Placed, ...]:
    """What an installation consists of: unit, environment file, and the model or the trusted keys."""
    placed: tuple[Placed, ...] = ()
    followed = None
    if isinstance(model, Following):
        # Public keys: the service is a user that does not exist yet, so they are for everyone.
        keys = model.keys.items()
        placed = tuple(Placed(service.key(name), pem, _EVERYONE, False, True) for name, pem in keys)
        followed = unit.Followed(model.model, [key.path for key in placed])
    else:
        placed = (Placed(service.model, model, _EVERYONE, kept=False),)
    settings = unit.environment(service, source, options, secrets, followed)
    return (
        Placed(service.unit, unit.unit(service, program).encode(), _EVERYONE),
        Placed(service.environment, settings.encode(), _OWNER),
        *placed,
    )


def place(files: Sequence[Placed], root: Path, *, overwrite: bool = False) -> dict[Path, bool]:
    """Write the files below `root`; which path was written, and which was the same already.

    Raises UsageError for a file that is there and differs, unless `overwrite`; then an earlier
    unit or environment file stays beside as NAME.old. Raises ConfigurationError for what cannot be
    read or written.
    """
    there = {file.path: _read(_below(root, file.path)) for file in files}
    for file in files:
        if not overwrite and there[file.path] not in (None, file.data):
            raise UsageError(
                f"{_below(root, file.path)} is there and differs: --overwrite replaces it"
            )
    for file in files:
        _write(file, root, there[file.path])
        if file.public:
            _let_in(_below(root, file.path).parent)
    return {file.path: there[file.path] != file.data for file in files}


def check_may_write(root: Path) -> None:
    """Raises ConfigurationError where it takes root to write below `root`."""
    if root == Path("/") and os.geteuid() != 0:
        raise ConfigurationError(
            "only root may write to /etc: put sudo in front, name another root with --prefix DIR, "
            "or look at it first with --print"
        )


def memory_is_limited(root: Path) -> bool:
    """Whether the kernel enforces MemoryMax=: Raspberry Pi OS leaves the controller off."""
    try:
        return "memory" in (root / _CGROUP).read_text().split()
    except OSError:
        # Another layout of cgroups, or a root that does not run: nothing is known against it.
        return True


def _let_in(folder: Path) -> None:
    """Whatever umask it was made with: what is closed in it is closed by itself."""
    try:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | _ENTERED)
    except OSError as error:
        raise ConfigurationError(
            f"cannot open {folder} to the service: {error.strerror}"
        ) from error


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error


def _write(file: Placed, root: Path, before: bytes | None) -> None:
    path = _below(root, file.path)
    if file.kept and before not in (None, file.data):
        write_whole(path.with_name(path.name + _KEPT), before or b"", mode=file.mode)
    if before != file.data:
        write_whole(path, file.data, mode=file.mode)
    elif path.stat().st_mode & 0o777 != file.mode:
        path.chmod(file.mode)
