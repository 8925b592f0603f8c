"""The reference pages are what the code says, and the code says one thing in one way."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from docs.reference import blocks, options, variables
from docs.reference.commands import ROOMS
from docs.reference.pages import DOCS, stale, written_by_people
from docs.reference.parameters import TEMPLATES, parameters
from docs.reference.tree import commands
from litescore.cli import COMMANDS
from litescore.settings import TABLE

# Options of one name that mean the same idea in several places, or several: each with what they have
# in common. A new one needs a word of its own, or the other's words.
SEVERAL = {
    "--arch": "a processor",
    "--batch": "images that the model takes at once; train's own are steps of the training",
    "--data": "labelled images",
    "--follow": "go on with what changes: a channel, a run's progress",
    "--format": "of the files that are written",
    "--html": "a page",
    "--images": "images: how many, or that they go too",
    "--invert": "255 less each value",
    "--keep": "keep what would be gone, there",
    "--labels": "class names in a file",
    "--model": "the model; a network that is yet to be trained for train",
    "--out": "what is written, there",
    "--output": "what the model's output means",
    "--overwrite": "replace what is there",
    "--package": "what `litescore package` made",
    "--port": "a port of this machine",
    "--records": "records: where they are, or that they go too",
    "--runtime": "a TFLite runtime",
    "--share": "a part: of the images, of the devices",
    "--since": "from then on",
    "--size": "pixels of the model's input",
    "--source": "where frames come from",
    "--state": "what outlives the process",
    "--threads": "threads of the interpreter; of score those around it",
    "--threshold": "from which value on",
    "--to": "where pictures go",
    "--unsure": "below this probability an image is unsure",
}


def test_the_pages_are_what_the_code_says() -> None:
    """Each file and each table in others' pages; `python -m docs.reference` writes them."""
    assert [str(path.relative_to(DOCS)) for path in stale()] == []


def test_a_table_that_was_changed_by_hand_is_told() -> None:
    """A page's block is made anew, and what is around it stays."""
    page = DOCS / "DEPLOY.md"
    assert page in written_by_people()
    text = page.read_text(encoding="utf-8")
    changed = text.replace("| `100` |", "| `99` |", 1)
    assert changed != text
    assert blocks.written(changed) == text
    with pytest.raises(ValueError, match="no --nosuch among --model, "):
        blocks.made("options score --nosuch")


def test_each_command_is_on_a_page() -> None:
    """Once."""
    told = [name for _, names, _ in ROOMS.values() for name in names]
    assert sorted(told) == sorted(COMMANDS)
    assert all((DOCS / f"{page}.md").exists() for *_, named in ROOMS.values() for page in named)


def test_every_variable_that_the_code_reads_is_in_the_table() -> None:
    """And the table names none that nothing reads."""
    read = {name for room in variables.ROOMS for name in variables.in_code(room)}
    assert {"LITESCORE_MODEL", "NOTIFY_SOCKET", "AWS_BATCH_JOB_ARRAY_INDEX", "KERAS_HOME"} < read
    names = [one.name for one in variables.everything()]
    assert sorted(names) == sorted(read)


def test_each_setting_has_a_reader() -> None:
    """The help of a command names it, or the function or the Python API reads it."""
    assert [one.name for one in variables.settings() if not one.readers] == []


@pytest.mark.parametrize(
    ("who", "folder"),
    [(variables.FUNCTION, "lambda_handler/*.py"), (variables.API, "litescore/model.py")],
)
def test_the_settings_that_no_help_can_name(who: str, folder: str) -> None:
    """All that the function and the Python API read of the settings is told as theirs."""
    root = Path(__file__).parents[1]
    read = {
        node.attr
        for path in root.glob(folder)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and _is_settings(node.value)
    }
    assert {"max_pixels"} <= read & set(TABLE)
    assert read & set(TABLE) <= set(variables.READ_BY[who])


def _is_settings(node: ast.expr) -> bool:
    return re.fullmatch(r"(self\._)?settings(\(\))?|found", ast.unparse(node)) is not None


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_parameter_is_described(template: str) -> None:
    """In a sentence."""
    found = parameters(template)
    assert len(found) > 10
    assert all(one.get("Description", "").strip().endswith(".") for one in found.values())


def test_options_of_one_name_mean_one_thing() -> None:
    """They have one help; where they have several there is a reason."""
    texts = defaultdict(set)
    for command in commands():
        for option in command.options:
            for name in option.opts:
                texts[name].add(option.help)
    assert {name for name, found in texts.items() if len(found) > 1} == set(SEVERAL)


def test_a_default_is_told_in_one_way() -> None:
    """At the end of the help, as click does it; so it has a column in the tables."""
    for command in commands():
        for option in command.options:
            told = options.TOLD_DEFAULT.sub("", option.help or "")
            assert "default" not in told, (command.words, told)
            assert not told.endswith("]"), (command.words, told)
