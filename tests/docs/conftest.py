"""`walk(page)`: a page read as its reader does, with a terminal beside it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.docs import places
from tests.docs.blocks import Block, blocks
from tests.docs.shell import PageError, Shell, python_here, shell
from tests.docs.stage import Stage

Walk = Callable[[str], dict[int, str]]


@pytest.fixture
def opened(tmp_path: Path, tensorflow: Callable[..., Any]) -> Iterator[Shell]:
    """A terminal in an empty folder."""
    with shell(tmp_path / "page", tensorflow) as one:
        yield one


@pytest.fixture
def walk(opened: Shell, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """`walk("docs/API.md")` runs the blocks of a page in order, in one terminal, one folder and one
    Python; what each printed, by the number of its first line.
    """
    stage = Stage(opened, lambda: request.getfixturevalue("s3"))
    return partial(_walk, stage, monkeypatch)


def _walk(stage: Stage, patch: pytest.MonkeyPatch, page: str) -> dict[int, str]:
    patch.chdir(stage.folder)
    names: dict[str, Any] = {}
    printed = {}
    for block in blocks(page):
        if not block.runs:
            continue
        set_up = set(block.scenes) - {"TensorFlow"}
        for scene in sorted(set_up, key=list(places.SCENES).index):
            places.SCENES[scene](stage)
        printed[block.line] = run_block(stage.shell, block, names)
    return printed


def run_block(terminal: Shell, block: Block, names: dict[str, Any] | None = None) -> str:
    """What a block prints. Raises PageError, and what Python raises."""
    if block.kind == "sh":
        return terminal.say(block)
    if block.kind == "console":
        return say_and_compare(terminal, block)
    if "TensorFlow" in block.scenes:
        words = (block.padded(block.text), block.page, str(terminal.folder), terminal.environ)
        done: str = terminal.tensorflow(python_here, *words)
        return done
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(block.padded(block.text), block.page, "exec"), {} if names is None else names)
    return out.getvalue()


def say_and_compare(terminal: Shell, block: Block) -> str:
    """Each command after `$ `, held against the lines below it; `...` stands for any text."""
    said = []
    for line, command, expected in _dialogue(block):
        at = Block(block.page, line, "sh", command)
        said.append(terminal.say(at))
        pattern = ".*".join(map(re.escape, expected.split("...")))
        if expected and not re.fullmatch(pattern, said[-1], re.DOTALL):
            raise PageError(f"{at.place}: the page says\n{expected}\nand it was\n{said[-1]}")
    return "".join(said)


def _dialogue(block: Block) -> Iterator[tuple[int, str, str]]:
    """Line, command and the output that the page shows, '' for none."""
    found: list[list[Any]] = []
    for number, line in enumerate(block.text.splitlines(keepends=True), block.line):
        if line.startswith("$ "):
            found.append([number, line.removeprefix("$ "), ""])
        elif found[-1][1].endswith("\\\n"):
            found[-1][1] += line
        else:
            found[-1][2] += line
    yield from (tuple(one) for one in found)
