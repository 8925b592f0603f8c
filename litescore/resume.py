"""What a place holds from an earlier run: passed over, or removed. It does not know how scores come
about.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from litescore import results, store
from litescore.errors import UsageError
from litescore.record import Subject
from litescore.s3 import is_s3

# Id -> label of what is done; None where it failed.
Held = dict[bytes, str | None]

# Tables of ours: a folder may hold others.
_TABLE = re.compile(r"/dt=[0-9-]{10}/[0-9a-f]{12}-[0-9a-f]{64}\.csv$")
_MOST_BYTES = 2**31
_DENIED = "forbidden"


def held(place: str, model: str) -> Held:
    """What the records at the place are about, but for what was denied: it may be open by now.

    Raises UsageError when they are another model's.
    """
    found: Held = {}
    if not _exists(place):
        return found
    labels: dict[str, str] = {}
    for name, other, label, kind in _read(place):
        if other != model:
            raise UsageError(
                f"{place} holds records of another model ({other[:12]}): name another "
                "--out, or --overwrite"
            )
        if kind == _DENIED:
            continue
        # A million records share ten labels.
        found[bytes.fromhex(name)] = labels.setdefault(label, label) if label else None
    return found


def remove(place: str) -> None:
    """Remove the records at the place, and nothing else."""
    if _exists(place):
        for url in (*results.files(place), *_tables(place)):
            store.delete(url)


def _read(place: str) -> Iterator[tuple[str, str, str | None, str | None]]:
    """Id, model, label and kind of every record at the place."""
    for record in results.read(place):
        yield record.id, record.model, record.label, record.kind
    for url in _tables(place):
        text = store.read(Subject(url), max_bytes=_MOST_BYTES).data.decode()
        for row in csv.DictReader(io.StringIO(text, newline="")):
            yield row["id"], row["model"], row["label"] or None, row["kind"] or None


def _tables(place: str) -> list[str]:
    listed = store.list_objects(place)
    return [entry.source for entry in listed if _TABLE.search(entry.source)]


def _exists(place: str) -> bool:
    return is_s3(place) or store.local_path(place).exists()
