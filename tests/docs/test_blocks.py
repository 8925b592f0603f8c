"""Each block of code in each page is run by a test, or its page says why not; and each command in
them, run or not, exists as it is written.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import click
import pytest
import yaml

from litescore.cli import COMMANDS
from tests.docs.blocks import PAGES, READ, ROOT, RUN, Block, blocks, parse
from tests.docs.commands import NoSuchCommandError, check, check_litescore, examples, lines
from tests.docs.places import SCENES
from tests.test_help import commands_under

_TYPED = re.compile(r"^\$? ?(litescore|python -m|make|pip|sudo|aws) ", re.MULTILINE)
_INLINE = re.compile(r"`litescore ([^`]+)`")
HELP = "tests/test_help.py"
_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)


def walked() -> str:
    """The text of the tests that walk through pages."""
    return "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))


def complaint(block: Block) -> str:
    """What a block lacks, '' for nothing."""
    if block.mark == "not run":
        return ""
    if block.kind == "indented":
        return "a block without a fence: say what kind it is"
    if block.kind in READ:
        return "commands in a block of output: sh or console" if _TYPED.search(block.text) else ""
    if block.kind not in RUN:
        return f"a kind of block that nobody knows: {block.kind!r}"
    if block.mark == "run in":
        missing = set(examples(block)) - {
            line for one in blocks(block.said) if one.runs for line in examples(one)
        }
        return f"not run in {block.said}: {missing}" if missing else ""
    if block.mark == "run by":
        return unproven(block)
    if unknown := set(block.scenes) - set(SCENES) - {"TensorFlow"}:
        return f"run with what nobody knows: {unknown}"
    return "" if f'walk("{block.page}")' in walked() else "no test walks through this page"


def unproven(block: Block) -> str:
    """What the tests that are said to run a block do not name of it, '' for nothing."""
    source = ""
    for said in block.said.split(", "):
        path, _, name = said.partition("::")
        text = (ROOT / path).read_text() if (ROOT / path).is_file() else ""
        if f"def {name or 'test_'}" not in text:
            return f"no {said}"
        source += text
    if block.page in source:
        return ""  # it reads the page itself
    typed = {word for line in examples(block) for word in named(line)}
    missing = {word for word in typed if not re.search(rf"(?<![\w-]){word}(?![\w-])", source)}
    return f"not in {block.said}: {', '.join(sorted(missing))}" if missing else ""


def named(line: str) -> Iterator[str]:
    """The name of the command of litescore in a line, and its long options."""
    _, _, words = line.partition("litescore ")
    yield from re.findall(
        r"^[a-z]+|(?<=^edge )[a-z]+|(?<=^local )[a-z]+|(?<= )--[a-z][a-z-]*", words
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run_or_says_why_not(page: str) -> None:
    """Of every page, present and future: a new one without a test is seen here."""
    found = [f"{block.place}: {told}" for block in blocks(page) if (told := complaint(block))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_exists(page: str) -> None:
    """Those that are not run too: commands, options, values, required words, modules, targets of
    make and extras; also in a page's sentences, where a command need not be whole.
    """
    found = []
    for block in blocks(page):
        for line, command in lines(block):
            try:
                check(command)
            except NoSuchCommandError as error:
                found.append(f"{page}:{line}: {error}")
    for line, words in inline(page):
        try:
            check_litescore(words, whole=False)
        except NoSuchCommandError as error:
            found.append(f"{page}:{line}: {error}")
    assert not found, "\n".join(found)


def inline(page: str) -> Iterator[tuple[int, list[str]]]:
    """The commands of litescore in a page's sentences, as words up to what is left open."""
    text = (ROOT / page).read_text(encoding="utf-8")
    bare = _FENCED.sub(lambda block: "\n" * block[0].count("\n"), text)
    for found in _INLINE.finditer(bare):
        words = found[1].split()
        options = [word for word in words if word.startswith("--")]
        names = [
            word for word in words[: len(words) - len(options)] if re.fullmatch(r"[a-z]+", word)
        ]
        yield bare.count("\n", 0, found.start()) + 1, [*names, *options]


@pytest.mark.parametrize("page", PAGES)
def test_every_file_in_a_page_can_be_read(page: str) -> None:
    """JSON, YAML, TOML, INI and CSV are what their fences say."""
    for block in blocks(page):
        try:
            read(block)
        except Exception as error:  # noqa: BLE001, whatever the reader of its kind raises
            pytest.fail(f"{block.place}: no {block.kind}: {error}")


def read(block: Block) -> None:
    if block.kind == "json":
        json.loads(block.text)
    elif block.kind == "yaml":
        assert yaml.safe_load(block.text)
    elif block.kind == "toml":
        assert tomllib.loads(block.text)
    elif block.kind == "ini":
        ConfigParser(strict=False).read_string(block.text)
    elif block.kind == "csv":
        assert len({len(row) for row in csv.reader(block.text.splitlines())}) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_in_help_exist(name: str) -> None:
    """Each line below `Example:` could be typed."""
    for words, command in commands_under(name):
        help_ = command.get_help(click.Context(command, info_name=words))
        text = help_.partition("Example:\n")[2].partition("\n\n")[0]
        for line in re.sub(r"\\\n\s+", "", text).splitlines():
            check(line.strip())


GIVEN = """
<!-- run with: photos/ -->
```sh
litescore score photos/   # here
litescore edge run \\
    --model m
```

    litescore results

- an item

    of two paragraphs

   ```
   x
   ```
"""


def test_a_page_is_read_as_blocks() -> None:
    """Fences with their kinds and marks, lines by their numbers; indented text is a block, and the
    second paragraph of an item is none.
    """
    first, second, third = parse(GIVEN, "P")
    assert (first.line, first.kind, first.scenes) == (4, "sh", ("photos/",))
    assert list(lines(first)) == [
        (4, "litescore score photos/"),
        (5, "litescore edge run --model m"),
    ]
    assert (second.line, second.kind, second.mark) == (9, "indented", "")
    assert (third.kind, third.text) == ("", "x\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("    litescore results\n", "without a fence"),
        ("```\nx\n```\n", "nobody knows: ''"),
        ("```bash\nx\n```\n", "nobody knows: 'bash'"),
        ("```text\n$ litescore x\n```\n", "commands in a block of output"),
        ("```sh\nlitescore results\n```\n", "no test walks"),
        ("<!-- run with: a horse -->\n```sh\nx\n```\n", "nobody knows: {'a horse'}"),
        ("<!-- run in: README.md -->\n```sh\nlitescore results q\n```\n", "not run in README.md"),
        ("<!-- run by: tests/nosuch.py -->\n```sh\nx\n```\n", "no tests/nosuch.py"),
        (f"<!-- run by: {HELP}::test_none -->\n```sh\nx\n```\n", f"no {HELP}::test_none"),
        (f"<!-- run by: {HELP} -->\n```sh\nlitescore score --nowhere\n```\n", "--nowhere"),
        (f"<!-- run by: {HELP} -->\n```sh\nlitescore score --model m\n```\n", ""),
        ("<!-- not run: needs a horse -->\n```sh\nx\n```\n", ""),
        ("```sh\nx\n```\n<!-- no block is run: needs a horse -->\n", ""),
    ],
)
def test_a_block_that_no_test_runs_is_seen(text: str, told: str) -> None:
    """Whatever makes a test pass over a block."""
    (block,) = parse(text, "docs/NEW.md")
    said = complaint(block)
    assert told in said if told else said == ""


@pytest.mark.parametrize(
    "line",
    [
        "litescore nosuch",
        "litescore edge nosuch",
        "litescore inspect",
        "litescore score photos/ --nosuch",
        "litescore train --color green",
        "litescore train --epochs many",
        "litescore cost --images 1 | litescore nosuch",
        'eval "$(litescore nosuch)"',
        "sudo /opt/litescore/bin/litescore edge install --nosuch",
        "litescore edge run ... --nosuch",
        "litescore edge bench --model m [--nosuch picamera]",
        "python -m benchmarks.nosuch",
        "X=1 python -m benchmarks.cost --nosuch",
        "python -m pytest tests/nosuch.py",
        "python -m pytest tests/test_help.py::test_nosuch",
        "make nosuch",
        "pip install 'litescore[nosuch]'",
    ],
)
def test_a_command_that_does_not_exist_is_seen(line: str) -> None:
    """Commands, options, values, required words, modules, targets and extras."""
    with pytest.raises(NoSuchCommandError):
        check(line)
