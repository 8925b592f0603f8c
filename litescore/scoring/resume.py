"""What a place holds from an earlier run: passed over, or removed. It does not know how scores come
about.
"""

from __future__ import annotations

from array import array
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from litescore import results, store
from litescore.errors import UsageError
from litescore.store.s3 import is_s3

_DENIED = "forbidden"
# Bytes of an id that are kept: two of a hundred million images meet in them once in 10^22 runs.
_KEPT = 16


class Held:
    """What is done, by id, and the label of what was scored: filled first, asked then.

    Twenty bytes an image. A share of an array job holds what all shares did, and may begin again
    when tens of millions are done.
    """

    def __init__(self) -> None:
        self._ids = bytearray()
        self._labels = array("I")
        self._numbers: dict[str | None, int] = {}

    def add(self, name: bytes, label: str | None) -> None:
        """Of an image, its id (32 bytes) and its label; None where it failed."""
        self._ids += name[:_KEPT]
        self._labels.append(self._numbers.setdefault(label, len(self._numbers)))

    def __bool__(self) -> bool:
        return bool(self._labels)

    def __contains__(self, name: bytes) -> bool:
        return self._place(name) is not None

    def __getitem__(self, name: bytes) -> str | None:
        """The label. Raises KeyError for what is not held."""
        place = self._place(name)
        if place is None:
            raise KeyError(name)
        return self._names[self._labels[place]]

    def sort(self) -> None:
        """Make ready to be asked."""
        ids = np.frombuffer(self._ids, f"S{_KEPT}")
        order = ids.argsort()
        self._labels = array("I", np.frombuffer(self._labels, np.uint32)[order].tobytes())
        self._ids = bytearray(ids[order].tobytes())

    def _place(self, name: bytes) -> int | None:
        place = int(self._sorted.searchsorted(np.bytes_(name[:_KEPT])))
        begin = place * _KEPT
        found = place < len(self._labels) and self._ids[begin : begin + _KEPT] == name[:_KEPT]
        return place if found else None

    @cached_property
    def _sorted(self) -> NDArray[np.bytes_]:
        return np.frombuffer(self._ids, f"S{_KEPT}")

    @cached_property
    def _names(self) -> list[str | None]:
        return list(self._numbers)


def held(place: str, model: str) -> Held:
    """What the records at the place are about, but for what was denied: it may be open by now.

    Raises UsageError when they are another model's.
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
            found.add(bytes.fromhex(record.id), record.label or None)
    found.sort()
    return found


def remove(place: str) -> None:
    """Remove the records at the place, and nothing else."""
    if _exists(place):
        for url in results.objects(place):
            store.delete(url)


def _exists(place: str) -> bool:
    return is_s3(place) or store.local_path(place).exists()
