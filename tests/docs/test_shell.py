"""What the pages' tests stand on: that they go red where a page is wrong."""

from __future__ import annotations

import pytest

from litescore import __version__
from tests.docs.blocks import Block, parse
from tests.docs.conftest import run_block
from tests.docs.shell import PageError, Shell


def block(kind: str, text: str) -> Block:
    """Of a page, from its line 9 on."""
    (found,) = parse("\n" * 7 + f"```{kind}\n{text}\n```\n", "P.md")
    return found


def test_a_shell_as_readers_have_it(opened: Shell) -> None:
    """Pipes, files, globs, and what one block exports is there in the next."""
    assert run_block(opened, block("sh", "litescore --version | wc -l > n.txt\ncat *.txt")) == "1\n"
    run_block(opened, block("sh", 'export A="$(litescore --version)"'))
    assert run_block(opened, block("sh", "echo $A")).endswith(f"{__version__}\n")


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("sh", "true\nfalse\ntrue", "line 10: exit code 1"),
        ("sh", "litescore nosuch", "No such command 'nosuch'"),
        ("sh", "litescore --version && litescore inspect none.tflite", "none.tflite"),
        ("console", "$ echo one\n$ echo two\nthree", "P.md:10: the page says\nthree\n"),
        ("console", "$ printf 'a\\nb\\n'\na", "it was\na\nb\n"),
    ],
)
def test_a_page_that_is_wrong_is_seen(opened: Shell, kind: str, text: str, told: str) -> None:
    """A command that fails, and another output than the page shows; the message names the line."""
    with pytest.raises(PageError) as raised:
        run_block(opened, block(kind, text))
    assert told in str(raised.value)
    assert str(raised.value).startswith("P.md:")


def test_output_may_leave_out(opened: Shell) -> None:
    """`...` stands for any text; what comes before and after it counts."""
    run_block(opened, block("console", "$ printf 'a 17 ms\\nb\\nc\\n'\na ... ms\n...c"))


def test_an_example_that_raises_is_seen(opened: Shell) -> None:
    """As Python says it, with the line of the page."""
    with pytest.raises(ZeroDivisionError) as raised:
        run_block(opened, block("python", "x = 1\nx / 0"))
    assert raised.traceback[-1].lineno == 9


def test_a_command_that_serves_is_stopped(
    opened: Shell,
) -> None:
    """One that ends for another reason is an error."""
    opened.stops = True
    with pytest.raises(PageError, match="none"):
        run_block(opened, block("sh", "litescore review none/ --to reviewed/"))
