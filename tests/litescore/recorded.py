"""Records made by hand, and files of them."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from litescore.errors import PermanentError
from litescore.record import Record, Subject

EARLY, LATE = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"


def record(name: str, status: str = "scored", at: str = EARLY, model: str = "m") -> Record:
    """A record of the image called so."""
    if status == "scored":
        row = np.array([0.25, 0.75], np.float32)
        made = Record.scored(Subject(name), row, labels=("ant", "bee"), model=model)
    else:
        made = Record.failed(Subject(name), PermanentError("corrupt", status), model=model)
    return made._replace(status=status, at=at)


def write(path: Path, records: Iterable[Record]) -> None:
    """Records as a file, gzipped by its name."""
    data = "".join(one.to_json() + "\n" for one in records).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def sure(name: str, score: float, label: str = "bee") -> Record:
    """A scored record of this probability."""
    return record(name)._replace(label=label, score=score)


def unreadable(name: str, reason: str, kind: str = "corrupt") -> Record:
    """A failed record for this reason."""
    return record(name, "failed")._replace(reason=reason, kind=kind)
