"""docs/SETTINGS.md: every variable of the environment and every parameter of a template."""

from __future__ import annotations

from collections.abc import Iterable

from docs.reference import variables
from docs.reference.commands import NOTE
from docs.reference.markdown import code, table
from docs.reference.parameters import TEMPLATES, parameter_table
from docs.reference.variables import Variable


def page() -> str:
    """docs/SETTINGS.md."""
    parts = [
        "# Settings",
        NOTE,
        "An option of the command line overrules the variable. A value that cannot be is refused with exit "
        "code 2, and named. Options stand in [COMMANDS.md](COMMANDS.md).",
        "## The environment of every room",
        variable_table(variables.settings()),
        "## On a device, and of pages in the browser",
        variable_table(variables.DEVICE),
        "## What others set",
        "Variables of AWS's tools, of the system and of libraries, as litescore reads them.",
        variable_table(variables.OTHERS),
    ]
    for template in TEMPLATES:
        parts += [f"## Parameters of {template}", parameter_table(template)]
    return "\n\n".join(parts) + "\n"


def variable_table(found: Iterable[Variable], *, readers: bool = True) -> str:
    """Variables as a table, with who reads them or without."""
    rows = [
        (code(one.name), one.meaning, one.default, one.allowed, _readers(one) if readers else "")
        for one in found
    ]
    return table(("variable", "means", "default", "allowed", "read by"), rows)


def _readers(variable: Variable) -> str:
    return ", ".join(variable.readers or variables.readers(variable.name))
