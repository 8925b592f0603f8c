"""Texts that the template takes: checked as the options are read, and refused in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    _Type = click.ParamType[str]
else:  # Older clicks know no types of values.
    _Type = click.ParamType


class Text(_Type):
    """A text that fits a pattern, or an empty one.

    pattern  at least as strict as the template's own
    needs    what it must be, for who gave another
    """

    name = "text"

    def __init__(self, pattern: str, needs: str) -> None:
        self.pattern, self.needs = pattern, needs

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is, not stripped."""
        if value and not re.fullmatch(self.pattern, value):
            self.fail(f"{value!r}: give {self.needs}", param, ctx)
        return str(value)


# Scheduler refuses a cron of five fields, and one that names both kinds of days, only while the
# stack is made.
_TIMES = r"[^\s()]+ +[^\s()]+"
_DAYS = r"(?:\? +[^\s()]+ +[^\s()?]+|[^\s()?]+ +[^\s()]+ +\?)"
SCHEDULE = Text(
    rf"cron\({_TIMES} +{_DAYS} +[^\s()]+\)|rate\(\d+ (?:minute|hour|day)s?\)",
    "cron(minute hour day month weekday year) with a ? for one of the two days, such as "
    "cron(0 2 * * ? *), or rate(1 day)",
)
BUCKET = Text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket, without s3://")
INPUT_PREFIX = Text(r"[^*?$\\]{0,512}", "a prefix of keys: no *, ?, $ or backslash in it")
OUTPUT_PREFIX = Text(
    r"(?!backfills/|manifests/|inventory/|athena/)([A-Za-z0-9!_.'()=-]+/)+",
    "a prefix that ends in a slash, such as records/, and is none of backfills/, manifests/, "
    "inventory/ and athena/",
)
EMAIL = Text(r"[^@\s]+@[^@\s]+", "an e-mail address")
POLICY = Text(
    r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+",
    "the ARN of a policy, such as arn:aws:iam::123456789012:policy/shoes-boundary",
)
