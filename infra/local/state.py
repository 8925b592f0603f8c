"""Where the running local cloud is, for the commands that say `--local`: one small file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from litescore.files import write_whole


@dataclass(frozen=True)
class Running:
    """A local cloud: where every service answers, its stack's name, and whose process it is."""

    endpoint: str
    stack: str
    pid: int


@contextmanager
def announced(found: Running) -> Iterator[None]:
    """Within, `running` finds it."""
    place = _place()
    write_whole(place, json.dumps(asdict(found)).encode())
    try:
        yield
    finally:
        place.unlink(missing_ok=True)


def running() -> Running | None:
    """The one that runs, None where none does: its process may have been killed."""
    try:
        found = Running(**json.loads(_place().read_bytes()))
        os.kill(found.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return found


def _place() -> Path:
    root = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(root) / "litescore" / "local.json"
