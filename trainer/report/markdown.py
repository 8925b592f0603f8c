"""Words as Markdown (CommonMark with GitHub's tables) and as YAML: whatever is passed in is text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# What could begin an emphasis, a link, code, an element, an entity, a cell, a strike or a formula.
_SPECIAL = re.compile(r"([\\`*_\[\]<>&|~$])")
# Control characters, lone surrogates, line ends, and what turns the direction of a line.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\s]+")


def text(value: object) -> str:
    """One line of Markdown that reads as `value`; not to be put first in a line."""
    return _SPECIAL.sub(r"\\\1", _UNSEEN.sub(" ", str(value))).strip()


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns after the first are numbers, set to the right; every cell is text."""
    lines = [_row(header), _row(["---", *["---:"] * (len(header) - 1)], raw=True)]
    return "\n".join([*lines, *(_row(row) for row in rows)])


def code(content: str) -> str:
    """A fenced block of shell, whatever backticks are in it."""
    longest = max([2, *(len(run) for run in re.findall(r"`+", content))])
    fence = "`" * (longest + 1)
    whole = content.encode("utf-8", "replace").decode()
    return f"{fence}shell\n{whole}\n{fence}"


def to_fill(what: str) -> str:
    """A mark that a person must write this, and what it is about."""
    return f"> **To fill in:** {what}"


def scalar(value: object) -> str:
    """A YAML scalar: a number as it is, anything else as a double-quoted string (YAML 1.2, 7.3.1)."""
    if isinstance(value, int | float):
        return repr(value)
    return f'"{"".join(_quoted(one) for one in str(value))}"'


def _quoted(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    if "\ud800" <= one <= "\udfff":
        return "�"
    # YAML's printable set is nearly Python's; what is not in it has an escape.
    return one if one.isprintable() else f"\\U{ord(one):08x}"


def _row(cells: Sequence[object], *, raw: bool = False) -> str:
    return f"| {' | '.join(str(cell) if raw else text(cell) for cell in cells)} |"
