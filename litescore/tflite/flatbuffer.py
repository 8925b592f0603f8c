"""Reading the tables of a flatbuffer, field by field, as the published schemas number them.

It knows no schema: what a field means is its readers' to say. Where a model's bytes come from
outside, `litescore.tflite.wholeness` has looked at them first.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from litescore.errors import ModelError


class Table(NamedTuple):
    """One table: `at` is where it begins in `data`.

    Every reader raises ModelError where an offset leads out of the data.
    """

    data: bytes
    at: int

    @property
    def fields(self) -> int:
        """How many fields the table's shape has room for, present or not."""
        return (int(self._scalar("H", self._shape)) - 4) // 2

    def place(self, field: int) -> int | None:
        """Where the field's value (or its offset) lies; None where it is absent."""
        if field >= self.fields:
            return None
        offset = self._scalar("H", self._shape + 4 + 2 * field)
        return self.at + offset if offset else None

    def target(self, field: int) -> int | None:
        """Where the field's offset leads; None where it is absent."""
        place = self.place(field)
        return None if place is None else self._follow(place)

    def number(self, field: int, kind: str, default: int = 0) -> int:
        """A scalar of the `struct` format `kind`."""
        place = self.place(field)
        return default if place is None else int(self._scalar(kind, place))

    def table(self, field: int) -> Table | None:
        """The table that a field leads to; None where it is absent."""
        target = self.target(field)
        return None if target is None else Table(self.data, target)

    def tables(self, field: int) -> list[Table]:
        """A vector of tables; [] where it is absent."""
        return [Table(self.data, self._follow(place)) for place in self.places(field)]

    def places(self, field: int) -> range:
        """Where each offset of a vector of tables lies."""
        target = self.target(field)
        if target is None:
            return range(0)
        return range(target + 4, target + 4 + 4 * self._scalar("I", target), 4)

    def vector(self, field: int, kind: str) -> tuple[Any, ...]:
        """A vector of scalars of the `struct` format `kind`; () where it is absent."""
        target = self.target(field)
        if target is None:
            return ()
        return _unpack(f"<{self._scalar('I', target)}{kind}", self.data, target + 4)

    def content(self, field: int) -> bytes:
        """A vector of bytes, or a string; empty where it is absent."""
        found = self.vector(field, "s")
        return b"" if not found else found[0]

    def text(self, field: int) -> str:
        """A string, or a vector of bytes read as one: "" where it is absent, bad UTF-8 replaced."""
        return self.content(field).decode(errors="replace")

    @property
    def _shape(self) -> int:
        return self.at - int(self._scalar("i", self.at))

    def _follow(self, place: int) -> int:
        target = place + int(self._scalar("I", place))
        if target >= len(self.data):
            raise _outside()
        return target

    def _scalar(self, kind: str, at: int) -> Any:
        return _unpack(f"<{kind}", self.data, at)[0]


def root(data: bytes) -> Table:
    """The table that a flatbuffer begins with. Raises ModelError for bytes too few for one."""
    return Table(data, _unpack("<I", data, 0)[0])


def _unpack(kind: str, data: bytes, at: int) -> tuple[Any, ...]:
    if at < 0:
        raise _outside()
    try:
        return struct.unpack_from(kind, data, at)
    except struct.error:
        raise _outside() from None


def _outside() -> ModelError:
    return ModelError("an offset leads out of the file: copy or export it again")
