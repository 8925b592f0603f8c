"""Records as the bytes of one object, packed one after the other.

Of a record its line is kept, packed, and not the record: ten thousand of them would take 25 MB.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterable
from typing import Protocol

from litescore.record import Record

COLUMNS = (
    "id", "source", "member", "etag", "version", "status", "label", "score", "top", "kind",
    "reason", "model", "at",
)  # fmt: skip
# zlib's number for a gzip file, whose header bears no time then: the same records, the same bytes.
_GZIP = 31
_LEVEL = 6


class Packer(Protocol):
    """Takes records, then gives the bytes of the object that holds them."""

    def add(self, record: Record) -> None:
        """Take the next record; its bytes are made now."""

    def finish(self) -> bytes:
        """The whole object, once, after the last record."""


class Lines:
    """JSON, one record a line."""

    def __init__(self) -> None:
        self._file = io.BytesIO()

    def add(self, record: Record) -> None:
        """UTF-8, with a newline."""
        self._file.write(f"{record.to_json()}\n".encode())

    def finish(self) -> bytes:
        """Nothing at all where no record was added."""
        return self._file.getvalue()


class ZippedLines:
    """JSON, one record a line, gzipped."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        self._packer = zlib.compressobj(_LEVEL, wbits=_GZIP)

    def add(self, record: Record) -> None:
        """The same line as of `Lines`, compressed as it comes."""
        line = f"{record.to_json()}\n".encode()
        # Both in one call: Ctrl-C is heard between calls, and what is compressed must be kept.
        self._file.writelines(map(self._packer.compress, (line,)))

    def finish(self) -> bytes:
        """The same records give the same bytes: the header bears no time."""
        return self._file.getvalue() + self._packer.flush()


class Table:
    """CSV with COLUMNS, `top` as JSON."""

    def __init__(self) -> None:
        import csv

        self._file = io.StringIO()
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    def add(self, record: Record) -> None:
        """A row, quoted where CSV needs it."""
        values = json.loads(record.to_json())
        values["top"] = json.dumps(values["top"], ensure_ascii=False)
        self._writer.writerow([values[column] for column in COLUMNS])

    def finish(self) -> bytes:
        """The columns' names come first."""
        return self._file.getvalue().encode(errors="backslashreplace")


# Ending of an object's name -> what packs its records.
FORMS: dict[str, type[Lines] | type[ZippedLines] | type[Table]] = {
    "jsonl.gz": ZippedLines,
    "jsonl": Lines,
    "csv": Table,
}


def pack(records: Iterable[Record], form: str = "jsonl.gz") -> bytes:
    """The bytes of an object that holds these records."""
    packer: Packer = FORMS[form]()
    for record in records:
        packer.add(record)
    return packer.finish()
