"""What a place holds from an earlier run: passed over, or removed. It does not know how scores come
about.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from litescore import results, store
from litescore.errors import UsageError
from litescore.store.s3 import is_s3

_DENIED = "forbidden"
# Bytes of an id that are kept: two of a hundred million images meet in them once in 10^22 runs.
_KEPT = 16
# Bytes of a whole id: SHA-256.
_NAME = 32
# Bytes of an image: those of its id, and of the number of its label.
_ROW = 20


class Held:
    """What is done, by id, and the label of what was scored: filled first, asked then.

    Twenty bytes an image, also while they are sorted. A share of an array job holds what all shares
    did, and may begin again when tens of millions are done.
    """

    def __init__(self) -> None:
        # Of each image its id and, behind it, the number of its label.
        self._rows = bytearray()
        self._numbers: dict[str | None, int] = {}

    def add(self, name: bytes, label: str | None) -> None:
        """Of an image, its id (32 bytes) and its label; None where it failed."""
        number = self._numbers.setdefault(label, len(self._numbers))
        self._rows += name[:_KEPT] + number.to_bytes(_ROW - _KEPT)

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __contains__(self, name: bytes) -> bool:
        return self._label(name) is not None

    def __getitem__(self, name: bytes) -> str | None:
        """The label. Raises KeyError for what is not held."""
        label = self._label(name)
        if label is None:
            raise KeyError(name)
        return self._names[int.from_bytes(label)]

    def sort(self) -> None:
        """Make ready to be asked."""
        np.frombuffer(self._rows, f"S{_ROW}").sort()

    def _label(self, name: bytes) -> bytes | None:
        """The number of the label, as it is held; None for what is not held."""
        # No row is lower than its own id.
        begin = int(self._sorted.searchsorted(np.bytes_(name[:_KEPT]))) * _ROW
        row = bytes(self._rows[begin : begin + _ROW])
        return row[_KEPT:] if row and row[:_KEPT] == name[:_KEPT] else None

    @cached_property
    def _sorted(self) -> NDArray[np.bytes_]:
        return np.frombuffer(self._rows, f"S{_ROW}")

    @cached_property
    def _names(self) -> list[str | None]:
        return list(self._numbers)


def held(place: str, model: str) -> Held:
    """What the records at the place are about, but for what was denied: it may be open by now.

    Raises UsageError when they are another model's, or another tool's.
    """
    found = Held()
    if not _exists(place):
        return found
    for record in results.read(place):
        if record.model != model:
            raise UsageError(
                f"{place} holds records of another model ({record.model[:12]}): name another "
                "--out, or --overwrite"
            )
        if record.kind != _DENIED:
            found.add(_name(record.id, place), record.label or None)
    found.sort()
    return found


def _name(identity: str, place: str) -> bytes:
    with suppress(ValueError):
        name = bytes.fromhex(identity)
        if len(name) == _NAME:
            return name
    raise UsageError(
        f"{place} holds a record with the id {identity[:12]!r}, which is none of litescore's: name "
        "another --out, or --overwrite"
    )


def remove(place: str) -> None:
    """Remove the records at the place, and nothing else."""
    if _exists(place):
        for url in results.objects(place):
            store.delete(url)


def _exists(place: str) -> bool:
    return is_s3(place) or store.local_path(place).exists()
