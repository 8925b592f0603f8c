"""docs/COMMANDS.md, the table of commands, and docs/commands/, a page for each room of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent

import click

from docs.reference.markdown import code, inline, table
from docs.reference.options import meaning, option_table
from docs.reference.tree import Command, commands
from litescore.cli import litescore

# page -> (title, the commands on it, the pages that tell how one works with them)
ROOMS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "train": (
        "From labelled images to a model file",
        ("train", "audit", "export"),
        ("TRAIN", "TRAIN-DATA", "TRAIN-PRESETS", "EXPORT"),
    ),
    "model": (
        "A model file by itself",
        ("inspect", "verify", "describe", "evaluate", "bench"),
        ("EXPORT",),
    ),
    "records": (
        "Images into records, and records read back",
        ("score", "results", "reconcile", "review"),
        ("BATCH", "REVIEW"),
    ),
    "releases": (
        "Signed releases of a model",
        ("publish", "promote", "rollback", "releases", "keys"),
        ("FLEET", "FLEET-RECORDS"),
    ),
    "edge": ("Camera frames on a device", ("edge",), ("EDGE", "EDGE-SINKS", "EDGE-PREVIEW", "FLEET-DEVICE")),
    "cloud": (
        "The job on AWS, and on this machine",
        (
            "package", "deploy", "backfill", "redrive", "status", "query", "destroy", "cost", "local",
        ),
        ("DEPLOY", "DEPLOY-PACKAGE", "DEPLOY-RUN", "DEPLOY-LOCAL", "COST", "FLEET-LAMBDA"),
    ),
}  # fmt: skip
NOTE = "<!-- Written by `python -m docs.reference`: change the code, not this page. -->"
_VARIABLE = re.compile(r"\b[A-Z]+_[A-Z_0-9]+\b")
_EXAMPLE = "Example:\n"


def index() -> str:
    """docs/COMMANDS.md."""
    parts = [
        "# Commands",
        NOTE,
        f"{code('litescore COMMAND --help')} tells the same in the terminal. "
        f"What is set by the environment stands in [SETTINGS.md](SETTINGS.md).",
    ]
    for room, (title, _, pages) in ROOMS.items():
        rows = [(_link(one, room), inline(one.short)) for one in on_page(room)]
        told = ", ".join(f"[{page}]({page}.md)" for page in pages)
        parts += [f"## {title}", table(("command", "does"), rows), f"More in {told}."]
    return _page([*parts, "## Of every command", *_of_every_command()])


def room_page(room: str) -> str:
    """docs/commands/ROOM.md."""
    title, _, pages = ROOMS[room]
    told = ", ".join(f"[{page}](../{page}.md)" for page in pages)
    parts = [f"# {title}", NOTE, f"More in {told}. All commands: [COMMANDS](../COMMANDS.md)."]
    for one in on_page(room):
        parts += _sections(one)
    return _page(parts)


def on_page(room: str) -> list[Command]:
    """The commands of a page with their subcommands."""
    names = ROOMS[room][1]
    return [one for one in commands() if one.words.split()[0] in names]


def example(command: click.Command) -> str:
    """The lines below `Example:` in its help."""
    return dedent((command.help or "").partition(_EXAMPLE)[2].partition("\n\n")[0]).strip()


def _of_every_command() -> list[str]:
    rows = [(code("--help"), "Show what the command does, its options and an example.")]
    rows += [
        (code(one.opts[0]), meaning(one))
        for one in litescore.params
        if isinstance(one, click.Option)
    ]
    return [
        table(("option", "means"), rows),
        f"{code('--version')} and {code('--debug')} stand before the command.",
        inline(litescore.epilog or ""),
    ]


def _sections(command: Command) -> Iterator[str]:
    usage = " ".join(
        ["litescore", command.words, *command.own.collect_usage_pieces(command.context)]
    )
    yield f"## litescore {command.words}"
    yield f"```text\n{usage}\n```"
    yield from _prose(command)
    if command.options:
        yield option_table(command.options, command.context)
    if names := _VARIABLE.findall(command.own.epilog or ""):
        yield f"Reads {', '.join(map(code, names))}: see [SETTINGS](../SETTINGS.md)."
    if lines := example(command.own):
        yield f"```sh\n{lines}\n```"


def _prose(command: Command) -> Iterator[str]:
    """The help below its first line. What click is told to keep as it is stays so."""
    text = dedent(" " * 4 + (command.own.help or ""))
    first, *others = re.split(r"\n\s*\n", text.strip())
    for part in (first, *others):
        kept = part.strip("\n").removeprefix("\b\n")
        if kept.startswith(_EXAMPLE):
            continue
        if kept != part.strip("\n"):
            yield f"```text\n{kept}\n```"
        else:
            yield inline(" ".join(part.split()))


def _link(command: Command, room: str) -> str:
    anchor = f"litescore {command.words}".replace(" ", "-")
    return f"[{code(command.words)}](commands/{room}.md#{anchor})"


def _page(parts: list[str]) -> str:
    return "\n\n".join(parts) + "\n"
