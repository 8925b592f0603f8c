"""Tables within pages that people write, between two comments:

    <!-- generated: options score --threads --jobs -->
    ...
    <!-- /generated -->

options COMMAND [--OPTION...]  the options of a command: those named, or all
variables NAME...              variables of the environment
parameters TEMPLATE            the parameters of a template
"""

from __future__ import annotations

import re
from typing import TypeVar

from docs.reference.options import option_table
from docs.reference.parameters import parameter_table
from docs.reference.settings import variable_table
from docs.reference.tree import commands
from docs.reference.variables import everything

_Value = TypeVar("_Value")
BLOCK = re.compile(
    r"^(?P<mark><!-- generated: (?P<words>[^\n]+) -->)\n.*?^<!-- /generated -->$",
    re.MULTILINE | re.DOTALL,
)


def written(text: str) -> str:
    """The page with its blocks as they should be. Raises ValueError for a block that nobody makes."""
    return BLOCK.sub(
        lambda found: f"{found['mark']}\n\n{made(found['words'])}\n\n<!-- /generated -->", text
    )


def made(words: str) -> str:
    """What stands in a block of these words."""
    kind, *names = words.split()
    if kind == "options":
        return _options(
            [one for one in names if one[0] != "-"], [one for one in names if one[0] == "-"]
        )
    if kind == "variables":
        found = _found(names, {one.name: one for one in everything()})
        return variable_table(found, readers=False)
    if kind == "parameters":
        return parameter_table(*names)
    raise ValueError(f"a block of {kind}: options, variables and parameters are known")


def _options(words: list[str], names: list[str]) -> str:
    (command,) = _found([" ".join(words)], {one.words: one for one in commands()})
    known = {name: option for option in command.options for name in option.opts}
    return option_table(_found(names, known) if names else command.options, command.context)


def _found(names: list[str], known: dict[str, _Value]) -> list[_Value]:
    for name in names:
        if name not in known:
            raise ValueError(f"no {name} among {', '.join(known)}")
    return [known[name] for name in names]
