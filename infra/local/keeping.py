"""The folder of a cloud that is kept: what it holds, whose it is at the moment, and its address.

ministack writes objects as they come and all else when it is asked to end. It knows queues by
their whole URL, port and all, so a kept cloud comes back at its port, or its state is rewritten.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local import ministack, state
from litescore.errors import ConfigurationError
from litescore.files import write_whole

_ADDRESS, _LOCK = "cloud.json", "lock"
_PORTS = 1 << 16
_OURS = {_ADDRESS, _LOCK, ministack.STATE, ministack.OBJECTS, ministack.LOG}


def default_folder() -> Path:
    """What `--keep` without a folder means."""
    return state.home() / "cloud"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder, made if needed, is nobody else's within.

    Raises ConfigurationError where it is somebody's, cannot be used, or holds other things.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = [one.name for one in folder.iterdir() if one.name not in _OURS]
        if others:
            raise ConfigurationError(
                f"{folder} holds {others[0]}, which is not of a local cloud: name an empty folder"
            )
        lock = (folder / _LOCK).open("w")
    except OSError as error:
        raise ConfigurationError(f"cannot keep a cloud in {folder}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError(
                f"{folder} is in use by another local cloud: end that, or name another folder"
            ) from None
        yield


def port(folder: Path, wanted: int) -> int:
    """Where the cloud of the folder is to answer: as wanted, else as before, else anywhere free."""
    before = _before(folder)
    if wanted or (before and ministack.is_free(before)):
        return wanted or before
    return ministack.free_port()


def settle(folder: Path, port: int) -> None:
    """Note that it answers on this port, and have its state say so."""
    before = _before(folder)
    if before not in (0, port):
        old, new = (f"127.0.0.1:{number}/" for number in (before, port))
        for path in (folder / ministack.STATE).glob("*.json"):
            write_whole(path, path.read_text(encoding="utf-8").replace(old, new).encode())
    write_whole(folder / _ADDRESS, json.dumps({"port": port}).encode())


def is_new(folder: Path) -> bool:
    """Whether no state was ever written there.

    Objects that lie there all the same are of a cloud that was killed before it wrote any, in
    buckets that no stack knows: they are removed.
    """
    if (folder / ministack.STATE / "cloudformation.json").exists():
        return False
    shutil.rmtree(folder / ministack.OBJECTS, ignore_errors=True)
    return True


def _before(folder: Path) -> int:
    try:
        found = json.loads((folder / _ADDRESS).read_bytes())["port"]
    except (OSError, ValueError, TypeError, KeyError):
        return 0
    return found if type(found) is int and 0 < found < _PORTS else 0
