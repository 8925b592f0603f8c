"""Text of the terminal as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# What stands in backticks already; options, variables and paths with a star, which get them.
_CODE = re.compile(
    r"`[^`]+`"
    r"|(?<![\w-])--[a-z][\w-]*"
    r"|\b(?:LITESCORE|AWS|XDG|KERAS)_[A-Z0-9_]*[A-Z0-9]\b"
    r"|'[^' ]*\*[^' ]*'"
)
_SPECIAL = re.compile(r"[<>*]")


def inline(text: str) -> str:
    """A line of prose: words of code get backticks, and what Markdown would take for its own is
    escaped.
    """
    made, end = [], 0
    for found in _CODE.finditer(text):
        made.append(_escaped(text[end : found.start()]))
        made.append(found[0] if found[0].startswith("`") else f"`{found[0]}`")
        end = found.end()
    return "".join([*made, _escaped(text[end:])])


def code(text: str) -> str:
    """Code within a line."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown of one line each. Columns that are empty all the way are left
    out.
    """
    lines = [list(row) for row in rows]
    kept = [at for at in range(len(header)) if any(row[at] for row in lines)]
    body = [[row[at].replace("|", "\\|") for at in kept] for row in lines]
    return "\n".join(
        _row(cells) for cells in ([header[at] for at in kept], ["---"] * len(kept), *body)
    )


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: "\\" + found[0], text)
