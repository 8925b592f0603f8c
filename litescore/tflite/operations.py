"""The operations of a .tflite file and their versions, read without a runtime."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from litescore.tflite import flatbuffer, wholeness
from litescore.tflite.flatbuffer import Table

_CUSTOM = 32
_KNOWN = Path(__file__).with_name("operations.txt")


@dataclass(frozen=True)
class Operation:
    """One kind of operation in a model.

    name     `FULLY_CONNECTED`, or the custom operation's own name; `operation 999` for a code that
             is newer than this litescore
    code     its number in the schema
    version  the higher, the newer the runtime must be
    count    how often the graphs use it; 0 where it is declared only, which a runtime needs too
    custom   the name of a custom operation, else None
    """

    name: str
    code: int
    version: int
    count: int
    custom: str | None = None

    def __str__(self) -> str:
        return f"custom operation {self.name}" if self.custom else f"{self.name} v{self.version}"


def read(model: bytes) -> tuple[Operation, ...]:
    """Every operation of every graph, the most used first.

    Raises ModelError for bytes that are no whole model.
    """
    wholeness.check(model)
    held = flatbuffer.root(model)
    used = Counter(
        operator.number(0, "I") for graph in held.tables(2) for operator in graph.tables(3)
    )
    counts: Counter[tuple[int, int, str | None]] = Counter()
    for index, code in enumerate(held.tables(1)):
        counts[_kind(code)] += used[index]
    found = [
        Operation(custom or _name(code), code, version, count, custom)
        for (code, version, custom), count in counts.most_common()
    ]
    return tuple(found)


@cache
def known() -> dict[int, tuple[str, tuple[str | None, ...]]]:
    """Code -> name, and for each version from 1 on the TensorFlow Lite that first had it."""
    lines = _KNOWN.read_text(encoding="ascii").splitlines()
    found = {}
    for code, name, *versions in (line.split() for line in lines if line[0] != "#"):
        found[int(code)] = (name, tuple(None if one == "-" else one for one in versions))
    return found


def _kind(held: Table) -> tuple[int, int, str | None]:
    # Codes above 127 have a field of their own; the first stays for readers of older schemas.
    code = max(held.number(0, "b"), held.number(3, "i"))
    return code, held.number(2, "i", 1), held.text(1) if code == _CUSTOM else None


def _name(code: int) -> str:
    return known()[code][0] if code in known() else f"operation {code}"
