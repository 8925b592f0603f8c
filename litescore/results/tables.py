"""Records out of the tables that `litescore score --format csv` writes, row by row.

It does not know where a table lies or which of several records holds.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from typing import IO, Any

from litescore.errors import ConfigurationError
from litescore.packing import COLUMNS
from litescore.record import SCHEMA, STATUSES, Record, Subject, check

SUFFIX = ".csv"
# As `litescore.output` names them: a folder may hold tables of other things.
_NAME = re.compile(r"dt=[0-9-]{10}/[0-9a-f]{12}-[0-9a-f]{64}\.csv$")
# A byte that is no UTF-8 is a lone surrogate in a name, and six letters in a table.
_ESCAPED = re.compile(r"\\ud[89a-f][0-9a-f]{2}")


def is_ours(url: str) -> bool:
    """Whether the name of an object says that it is a table of records."""
    return _NAME.search(url) is not None


def read(lines: IO[str], url: str) -> Iterator[Record]:
    """The records of a table, opened with newline="". Raises ConfigurationError naming `url` and
    the line that holds none.
    """
    rows = csv.reader(lines)
    try:
        if (header := next(rows, None)) != [*COLUMNS]:
            raise ConfigurationError(f"{url} is no table of records: its first line is {header}")
        for row in rows:
            yield _record(row)
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise ConfigurationError(
            f"{url}: line {rows.line_num} is not a litescore record of schema {SCHEMA}: {error}"
        ) from None


def _record(row: list[str]) -> Record:
    values = {name: text or None for name, text in zip(COLUMNS, row, strict=True)}
    if values["status"] not in STATUSES:
        raise ValueError(f"status {values['status']!r}")
    score = None if values["score"] is None else float(values["score"])
    top = tuple(json.loads(values["top"] or ""))
    found: dict[str, Any] = values | {"score": score, "top": top}
    check(found)
    record = Record(**found)
    return _unescaped(record) if any(map(_ESCAPED.search, row)) else record


def _unescaped(record: Record) -> Record:
    """The record with the names that it had, should those make its id."""
    places = (record.source, record.member)
    source, member = (one and _ESCAPED.sub(_surrogate, one) for one in places)
    found = Subject(source or "", member, record.etag, record.version)
    if found.identity(record.model) != record.id:
        return record
    return record._replace(source=found.source, member=found.member)


def _surrogate(escape: re.Match[str]) -> str:
    return chr(int(escape[0][2:], 16))
