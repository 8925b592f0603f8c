"""The tree of commands, as `litescore` itself has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import click

from litescore.cli import COMMANDS, litescore


@dataclass(frozen=True)
class Command:
    """A command of the tree.

    words  what is typed after `litescore`, such as `edge run`
    own    as click has it
    """

    words: str
    own: click.Command

    @property
    def context(self) -> click.Context:
        return click.Context(self.own, info_name=f"litescore {self.words}")

    @property
    def short(self) -> str:
        """Its one line in the list of commands."""
        return self.own.get_short_help_str(limit=1000)

    @property
    def options(self) -> list[click.Option]:
        return [one for one in self.own.params if isinstance(one, click.Option)]

    @property
    def is_group(self) -> bool:
        return isinstance(self.own, click.Group)


@cache
def commands() -> tuple[Command, ...]:
    """Every command and subcommand, in the order of `litescore --help`."""
    return tuple(one for name in COMMANDS for one in _below(name, _named(name)))


def _named(name: str) -> click.Command:
    found = litescore.get_command(click.Context(litescore), name)
    assert found is not None
    return found


def _below(words: str, command: click.Command) -> Iterator[Command]:
    yield Command(words, command)
    if isinstance(command, click.Group):
        for name, sub in command.commands.items():
            yield from _below(f"{words} {name}", sub)
