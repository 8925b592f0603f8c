"""An option as a row of a table: what is typed, what it means, what it is by default."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

from docs.reference.markdown import code, inline, table

# Where click does not know the default, since code works it out, the help says it at its end.
TOLD_DEFAULT = re.compile(r"\s*\[default: ([^\[\]]+)\]$")


def option_table(options: Iterable[click.Option], context: click.Context) -> str:
    """Options as a table."""
    rows = [(words(one, context), meaning(one), default(one)) for one in options]
    return table(("option", "means", "default"), rows)


def words(option: click.Option, context: click.Context) -> str:
    """What is typed: `--out PATH`, `--mirror` / `--no-mirror`."""
    value = "" if option.is_flag or option.count else f" {_value(option, context)}"
    return " / ".join(code(one + value) for one in [*option.opts, *option.secondary_opts])


def meaning(option: click.Option) -> str:
    """What it does, with the values that it takes, and the variable that stands for it."""
    told = inline(TOLD_DEFAULT.sub("", option.help or ""))
    if limits := _limits(option.type):
        told += f" {limits}."
    variables = [option.envvar] if isinstance(option.envvar, str) else option.envvar or ()
    return told + "".join(f" Or the variable {code(one)}." for one in variables)


def default(option: click.Option) -> str:
    """What holds where it is not given; empty for nothing."""
    if told := TOLD_DEFAULT.search(option.help or ""):
        return inline(told[1])
    if option.required:
        return "required"
    # As info: click marks a default that is not set by an object of its own.
    value = option.to_info_dict()["default"]
    if value is None or value is False or value in ((), ""):
        return ""
    return code(f"{value:g}" if isinstance(value, float) else str(value))


def _value(option: click.Option, context: click.Context) -> str:
    if isinstance(option.type, click.Choice) and not option.metavar:
        return "|".join(map(str, option.type.choices))
    made = option.make_metavar(context)
    if option.metavar:
        return made
    return {"INTEGER RANGE": "N", "FLOAT RANGE": "NUMBER", "INTEGER": "N", "FLOAT": "NUMBER"}.get(
        made, made
    )


def _limits(kind: object) -> str:
    if not isinstance(kind, click.IntRange | click.FloatRange):
        return ""
    low, high = kind.min, kind.max
    least = "More than" if kind.min_open else "At least"
    most = "less than" if kind.max_open else "at most"
    if low is not None and high is not None and not (kind.min_open or kind.max_open):
        return f"{low:,} to {high:,}"
    told = [f"{least} {low:,}"] if low is not None else []
    told += [f"{most} {high:,}"] if high is not None else []
    text = ", ".join(told)
    return text[:1].upper() + text[1:]
