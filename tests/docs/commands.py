"""Commands in text, held against what there is: without running them, so that those count as well
that need a camera or an account.

A word may be left open, as pages do: `...`, `NAME`, `[--json]`.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click

from litescore.cli import litescore
from tests.docs.blocks import ROOT, RUN, Block

# Where the words of another command begin, or its files.
_END = re.compile(r"^(\|\|?|&&?|;|[12]?>{1,2}|<|\))$")
_COMMENT = re.compile(r"(^|\s)#\s.*$")
_ASSIGNED = re.compile(r"^[A-Z_]+=")
_OPEN = re.compile(r"\.\.\.|^[A-Z][A-Z_]*$")
_EXTRAS = re.compile(r"^litescore\[([\w,]+)\]$")
_INNER = re.compile(r"\$\(([^()]*)\)")
# `[--json]`: a page's way to say that a word may be left out.
_OPTIONAL = re.compile(r"(?<=\s)\[(?=-)|\](?=\s|$)")
# Of text without a fence: what looks typed.
_TYPED = re.compile(r"^([A-Z_]+=\S+ |(sudo|nice|time|litescore|python|make|pip) )")
_PROMPT = "$ "
_CHECKED = (click.Choice, click.types.IntRange, click.types.FloatRange)
_CHECKED += (type(click.INT), type(click.FLOAT), click.DateTime)


class NoSuchCommandError(ValueError):
    """A page has a command that does not exist as it stands there."""


def lines(block: Block) -> Iterator[tuple[int, str]]:
    """The commands of a block, each with the number of its line: of those with output the typed
    ones. A command that goes on in the next line is one.
    """
    kept, first = "", 0
    for number, line in enumerate(block.text.splitlines(), block.line):
        prompted = line.startswith(_PROMPT)
        typed_in = block.kind == "sh" or (block.kind == "indented" and _TYPED.match(line))
        if not (kept or prompted or typed_in):
            continue
        first = first if kept else number
        typed = _COMMENT.sub("", line.removeprefix(_PROMPT) if prompted else line).strip()
        kept += typed.removesuffix("\\")
        if not typed.endswith("\\"):
            if kept:
                yield first, kept
            kept = ""


def examples(block: Block) -> list[str]:
    """The commands of litescore in a block, as they are typed, blanks made one."""
    return [" ".join(line.split()) for _, line in lines(block)] if block.kind in RUN else []


def check(line: str) -> None:
    """Nothing for a command that could be typed so. Raises NoSuchCommandError."""
    for words in _commands(line):
        if words[:1] == ["litescore"]:
            check_litescore(words[1:])
        elif words[:2] == ["python", "-m"] and len(words) > 2:
            _check_module(words[2], words[3:])
        elif words[:1] == ["make"]:
            _check_targets(words[1:])
        elif words[:2] == ["pip", "install"]:
            _check_extras(words[2:])


def _commands(line: str) -> Iterator[list[str]]:
    """The words of each command in a line of a shell."""
    for inner in _INNER.findall(line):
        yield from _commands(inner)
    bare = _OPTIONAL.sub("", _INNER.sub("INNER", line))
    lexer = shlex.shlex(bare, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    for word in [*lexer, ";"]:
        if _END.match(word):
            yield _program(words)
            words = []
        else:
            words.append(word)


def _program(words: list[str]) -> list[str]:
    """From the program's name on: without `sudo` and `NAME=value`."""
    while words and (words[0] in ("sudo", "nice", "time") or _ASSIGNED.match(words[0])):
        words = words[1:]
    return [Path(words[0]).name, *words[1:]] if words else []


def check_litescore(words: list[str], *, whole: bool = True) -> None:
    """Held against the tree of commands: that the command exists, and its options; where `whole`,
    also that what it requires is there and each value is one that it takes. Paths need not exist.
    """
    context, name = click.Context(litescore, info_name="litescore"), "litescore"
    command: click.Command = litescore
    while isinstance(command, click.Group):
        if not words or words[0].startswith("-") or _OPEN.search(words[0]):
            break
        found = command.get_command(context, words[0])
        if found is None:
            raise NoSuchCommandError(f"{name} has no command {words[0]!r}")
        command, name, words = found, f"{name} {words[0]}", words[1:]
        context = click.Context(command, context, info_name=name)
    _check_words(command, context, words, whole)


def _check_words(
    command: click.Command, context: click.Context, words: list[str], whole: bool
) -> None:
    if not whole:
        known = {name for parameter in command.get_params(context) for name in _names(parameter)}
        for word in words:
            if word.startswith("-") and word.split("=")[0] not in known:
                raise NoSuchCommandError(f"{context.info_name} has no option {word}")
        return
    left_open = any(_OPEN.search(word) for word in words)
    if set(words) & set(context.help_option_names) or isinstance(command, click.Group):
        return
    given = [word for word in words if word != "..." and word != "OPTION..."]
    try:
        values, _, _ = command.make_parser(context).parse_args(given)
        for parameter in command.params:
            _check_value(parameter, context, values.get(parameter.name or ""), left_open)
    except click.UsageError as error:
        raise NoSuchCommandError(f"{context.info_name}: {error.format_message()}") from error


def _names(parameter: click.Parameter) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]


def _check_value(
    parameter: click.Parameter, context: click.Context, value: object, left_open: bool
) -> None:
    missing = value is None or value in ((), []) or repr(value) == "Sentinel.UNSET"
    if missing:
        if parameter.required and not left_open:
            raise click.MissingParameter(ctx=context, param=parameter)
        return
    each = value if isinstance(value, (list, tuple)) else [value]
    if isinstance(parameter.type, _CHECKED):
        for one in each:
            if isinstance(one, str) and not _OPEN.search(one):
                parameter.type.convert(one, parameter, context)


def _check_module(name: str, words: list[str]) -> None:
    """That it can be run, and that its source names each option; of pytest, that each test is there."""
    if name == "pytest":
        _check_tests(words)
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        raise NoSuchCommandError(f"there is no module {name}")
    if name.split(".")[0] not in ("benchmarks", "infra", "tests"):
        return
    path = Path(spec.origin)
    files = path.parent.glob("*.py") if path.name == "__init__.py" else [path]
    source = "".join(file.read_text() for file in files)
    for word in words:
        option = word.split("=")[0]
        if option.startswith("--") and f'"{option}"' not in source:
            raise NoSuchCommandError(f"python -m {name} has no option {option}")


def _check_tests(words: list[str]) -> None:
    for path, _, test in (word.partition("::") for word in words if word.startswith("tests/")):
        there = (ROOT / path).exists()
        if not there or (test and f"def {test}(" not in (ROOT / path).read_text()):
            raise NoSuchCommandError(f"there is no test {path}::{test}")


def _check_targets(words: list[str]) -> None:
    made = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for word in words:
        if "=" not in word and word not in made:
            raise NoSuchCommandError(f"make has no target {word}")


def _check_extras(words: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for word in words:
        named = _EXTRAS.match(word)
        unknown = set(named[1].split(",")) - set(project["optional-dependencies"]) if named else ()
        if unknown:
            raise NoSuchCommandError(f"litescore has no extra {', '.join(unknown)}")
