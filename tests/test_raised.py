"""Every `raise` in the packages: of the one hierarchy, in one line that names the thing and the fix."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from litescore import errors
from litescore.errors import LitescoreError

ROOT = Path(__file__).parents[1]
ROOMS = ("litescore", "trainer", "export", "lambda_handler", "edge", "infra")
HIERARCHY = {
    name
    for name, one in inspect.getmembers(errors, inspect.isclass)
    if issubclass(one, LitescoreError)
}
# Their words stand in a record beside the image that they are about, or lack only an extra's name.
SAID_BESIDE = {"PermanentError", "SupersededError", "TransientError", "MissingDependency"}
# What never leaves the room that raises it, and why it is no error of litescore's.
INSIDE = {
    "edge/sinks/mqtt_link.py": {"LinkError"},  # the sink goes on and tries again
    "edge/sinks/mqtt_delivery.py": {"LinkError"},
    "edge/sinks/spool_file.py": {"ForeignFile"},  # the spool says what it does with such a file
    "edge/releases/follower.py": {"Stopped"},  # a LitescoreError, of edge.stop
    "edge/sinks/lines.py": {"TimeoutError"},  # an OSError, as a full disk is
    "infra/local/selftest/steps.py": {"NotRun"},  # a step that is told as left out
    "infra/package/elf.py": {"ELFError"},  # as pyelftools raises itself
    "litescore/dataset/archive.py": {"EOFError"},  # as zipfile raises for a member cut short
    "litescore/shards/member.py": {"EOFError"},  # the same
}
# A mistake in the calling code, or Python's own protocol; litescore turns none of these into a line.
PYTHONS = {
    "AssertionError",
    "AttributeError",
    "KeyError",
    "IndexError",
    "NotImplementedError",
    "SystemExit",
    "TypeError",
    "ValueError",
}
CLICKS = {"click.BadParameter", "click.UsageError"}


class Raised(NamedTuple):
    """One `raise Name("words")`: where, and its last argument as text with {} for each value."""

    place: str
    name: str
    words: str | None

    def __str__(self) -> str:
        return f"{self.place}: {self.name}({self.words!r})"


def written(node: ast.expr) -> str | None:
    """A text as it stands in the code; None for what is made elsewhere."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    if isinstance(node, ast.BinOp):
        left, right = written(node.left), written(node.right)
        return None if left is None or right is None else left + right
    return None


def raised(room: str) -> Iterator[Raised]:
    """In each module of a room. What a function makes (`raise refused(...)`) is seen where it is made."""
    for path in sorted((ROOT / room).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in HIERARCHY:
                words = written(node.args[-1]) if node.args else None
                yield Raised(f"{place}:{node.lineno}", ast.unparse(node.func), words)
            elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = ast.unparse(node.exc.func)
                if name not in HIERARCHY and name.rpartition(".")[2][0].isupper():
                    yield Raised(f"{place}:{node.lineno}", name, None)


def own(place: str) -> set[str]:
    """Errors of the hierarchy that the module defines itself, for its room alone."""
    tree = ast.parse((ROOT / place).read_text(encoding="utf-8"))
    found = set[str]()
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and {ast.unparse(b) for b in node.bases} & HIERARCHY:
            found.add(node.name)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_of_one_hierarchy(room: str) -> None:
    """No bare Exception, and a foreign one only where it is named above, with the reason."""
    for one in raised(room):
        place = one.place.rpartition(":")[0]
        known = HIERARCHY | PYTHONS | CLICKS | INSIDE.get(place, set()) | own(place)
        assert one.name in known, one


@pytest.mark.parametrize("room", ROOMS)
def test_one_line_that_names_the_thing(room: str) -> None:
    """No line break, no full stop; a value in it, or an option, a command or a file by its name and
    what to do about it.
    """
    for one in raised(room):
        if one.words is None:
            continue
        assert "\n" not in one.words, one
        assert not one.words.endswith(".") or one.words.endswith("..."), one
        if one.name in HIERARCHY - SAID_BESIDE:
            assert "{}" in one.words or any(mark in one.words for mark in ":;"), one


def test_what_is_inside_is_still_there() -> None:
    """A reason that nothing needs any more is deleted."""
    for place, names in INSIDE.items():
        there = {one.name for one in raised(place.partition("/")[0]) if one.place.startswith(place)}
        assert names <= there, place
