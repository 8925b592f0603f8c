"""A page of Markdown as blocks of code: what kind each is, and what its page says of running it.

A mark is a comment in the line before a block, which no reader sees:

    <!-- not run: needs a Raspberry Pi -->      the reason why no test runs it
    <!-- run with: photos/, model.tflite -->    what has to be there first (tests/docs/scenes.py)
    <!-- run in: README.md -->                  each of its lines is run in that other page
    <!-- run by: tests/test_x.py::test_y -->    that test runs it, since it costs too much to run twice:
                                                in its file stand the commands' names and options

A comment `<!-- no block is run: REASON -->` anywhere marks all other blocks of its page. Pages of
benchmarks and those made from --help are marked without it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md"),
    *sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md")),
]
# Pages of which nothing is run, by how they begin, and why.
_NOT_RUN = {
    "docs/BENCHMARKS": "benchmarks are run by hand: they take minutes",
    "docs/commands/": "made from --help, whose examples are held against the commands",
}
# What is typed: by a shell; by a shell, with what it answers; into Python.
RUN = ("sh", "console", "python")
# What is read: output, and the files that commands take and write.
READ = ("text", "json", "yaml", "toml", "ini", "csv")
_FENCE = re.compile(r"^ {0,3}```(\w*)$")
_MARK = re.compile(r"^<!-- (not run|run with|run in|run by): (.+) -->$")
_WHOLE = re.compile(r"^<!-- no block is run: (.+) -->$", re.MULTILINE)
_INDENTED = re.compile(r"^ {4}\S")
_LISTED = re.compile(r"^ {0,3}(?:[-*]|\d+\.) ")


@dataclass(frozen=True)
class Block:
    """Some lines of a page that are code.

    page   from the root of the project, such as `docs/TRAIN.md`
    line   number of the first line in it, from 1
    kind   the language of its fence; `indented` where it has no fence, '' where it names none
    mark, said   of the comment before it, such as `not run` and the reason; '' where there is none
    """

    page: str
    line: int
    kind: str
    text: str
    mark: str = ""
    said: str = ""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def scenes(self) -> tuple[str, ...]:
        """What `run with` names."""
        return tuple(self.said.split(", ")) if self.mark == "run with" else ()

    @property
    def runs(self) -> bool:
        return self.kind in RUN and self.mark in ("", "run with")

    def padded(self, text: str) -> str:
        """`text` below as many empty lines as the page has before the block: a message that names a
        line then names the page's.
        """
        return "\n" * (self.line - 1) + text


def blocks(page: str) -> list[Block]:
    """Those of a page, in order."""
    return parse((ROOT / page).read_text(encoding="utf-8"), page)


def parse(text: str, page: str) -> list[Block]:
    """Those of a page's text, in order. Raises ValueError where a fence is not closed."""
    lines, found, at = text.splitlines(), [], 0
    while at < len(lines):
        kind, end = _extent(lines, at, page)
        if kind is None:
            at = end
            continue
        fenced = kind != "indented"
        first, last = (at + 1, end - 1) if fenced else (at, end)
        mark, said = _mark(text, page, lines[at - 1] if at else "")
        found.append(Block(page, first + 1, kind, _dedent(lines[first:last]), mark, said))
        at = end
    return found


def _extent(lines: list[str], at: int, page: str) -> tuple[str | None, int]:
    """The kind of the block that begins in this line, None for prose; and the line after it."""
    if fence := _FENCE.match(lines[at]):
        for end in range(at + 1, len(lines)):
            if lines[end].strip() == "```":
                return fence[1], end + 1
        raise ValueError(f"{page}:{at + 1}: a fence that is not closed")
    if not _INDENTED.match(lines[at]) or _in_a_list(lines, at):
        return None, at + 1
    end = at
    while end < len(lines) and (lines[end].startswith("    ") or not lines[end]):
        end += 1
    return "indented", end


def _in_a_list(lines: list[str], at: int) -> bool:
    """Whether an indented line goes on with a paragraph or with an item of a list."""
    if at and lines[at - 1]:
        return True
    above = next((line for line in reversed(lines[:at]) if line[:1].strip()), "")
    return _LISTED.match(above) is not None


def _mark(text: str, page: str, before: str) -> tuple[str, str]:
    if mark := _MARK.match(before.strip()):
        return mark[1], mark[2]
    for begins, why in _NOT_RUN.items():
        if page.startswith(begins):
            return "not run", why
    whole = _WHOLE.search(text)
    return ("not run", whole[1]) if whole else ("", "")


def _dedent(lines: list[str]) -> str:
    """Without the indentation of the first line, which a block in a list has."""
    depth = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    return "".join(line[min(depth, len(line) - len(line.lstrip())) :] + "\n" for line in lines)
