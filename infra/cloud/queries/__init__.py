"""The views over records as SQL that Athena (Trino) and ministack (DuckDB) read alike.

The template defines them in Glue. A query carries them with it all the same, as common table
expressions: ministack does not resolve views of Glue, and one way serves both.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from litescore.errors import UsageError

# In the order in which one builds on another; all on the table of the lines as they lie there.
VIEWS = ("records", "latest", "daily")
TABLE = "written"
NAMES = (TABLE, *VIEWS)

_COMMENT = re.compile(r"--[^\n]*")
# What may stand before a statement, and its first word.
_FIRST = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\()*(\w*)", re.DOTALL)
_WITH = re.compile(r"((?:\s|--[^\n]*\n|/\*.*?\*/)*with(?:\s+recursive)?\s)(.*)", re.DOTALL | re.I)
# What a person wants to see first. Lines of records are too wide for a terminal as they are.
_ORDER = {"daily": "dt DESC, model, images DESC"}
_NEWEST = '"at" DESC, source, member'
_NARROW = {
    "daily": "dt, substr(model, 1, 12) AS model, status, label, kind, images, mean_score",
}
_FIELDS = 'source, member, status, label, score, kind, "at"'


@cache
def sql(view: str) -> str:
    """The SQL of a view in one line, without comments."""
    text = (Path(__file__).parent / f"{view}.sql").read_text(encoding="utf-8")
    return " ".join(_COMMENT.sub("", text).split())


def statement(asked: str, *, limit: int | None = None, narrow: bool = False) -> str:
    """The SELECT that a view's name or a statement comes to.

    `limit` is for a view (a statement says its own), `narrow` leaves out what a terminal has no
    room for. Raises UsageError for a name that is no view, and for what is no SELECT.
    """
    asked = asked.strip().rstrip("; \n\t")
    if asked in NAMES:
        return _of_view(asked, limit, narrow)
    if re.fullmatch(r"\w*", asked):
        raise UsageError(f"no view {asked!r}: {', '.join(VIEWS)}, or a SELECT in quotes")
    first = _FIRST.match(asked)
    word = first[1] if first else ""
    if word.lower() not in ("select", "with"):
        raise UsageError(f"a query begins with SELECT or WITH, not {word or asked[:20]!r}")
    return asked


def with_views(asked: str, table: str) -> str:
    """A SELECT with the views in front; `table` is the SQL that stands for the table of lines."""
    texts = {TABLE: table} | {view: sql(view) for view in VIEWS}
    views = ", ".join(f"{name} AS ({text})" for name, text in texts.items())
    # On a line of its own, so that an error's line and column are those of the statement.
    if own := _WITH.fullmatch(asked):
        return f"{own[1].strip()} {views},\n{own[2]}"
    return f"WITH {views}\n{asked}"


def quoted(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a value of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _of_view(view: str, limit: int | None, narrow: bool) -> str:
    columns = _NARROW.get(view, _FIELDS) if narrow else "*"
    order = _ORDER.get(view, _NEWEST)
    return f"SELECT {columns} FROM {view} ORDER BY {order}" + (f" LIMIT {limit}" if limit else "")
