"""The template and its parameters: what is given, what an existing stack keeps, what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litescore.errors import UsageError

TEMPLATE = Path(__file__).parents[2] / "template.yaml"

_SECTION = re.compile(r"^Parameters:\n((?:[ #].*\n|\n)*)", re.MULTILINE)
_NAME = re.compile(r"^  (\w+):", re.MULTILINE)
_RESOURCE = re.compile(r"^  (\w+):\n((?:    .*\n|\n)+)", re.MULTILINE)
_BUCKET_NAME = re.compile(r"(BucketName: )!Sub (\S+)")


@dataclass(frozen=True)
class Setting:
    """A parameter that changes; `old` is None where the stack does not have it yet."""

    name: str
    old: str | None
    new: str


def names(template: str) -> tuple[str, ...]:
    """The parameters that a template declares."""
    section = _SECTION.search(template)
    return tuple(_NAME.findall(section[1])) if section else ()


def check(given: Mapping[str, str], template: str) -> None:
    """Raise UsageError for a parameter that the template does not have."""
    known = names(template)
    for name in given:
        if name not in known:
            raise UsageError(f"the template has no parameter {name}: it has {', '.join(known)}")


def settled(
    given: Mapping[str, str], before: Mapping[str, str], template: str
) -> list[dict[str, Any]]:
    """The parameters in CloudFormation's own form: what is given, else what the stack has; where it
    has none the template's default counts.
    """
    entries: list[dict[str, Any]] = []
    for name in names(template):
        if name in given:
            entries.append({"ParameterKey": name, "ParameterValue": given[name]})
        elif name in before:
            entries.append({"ParameterKey": name, "UsePreviousValue": True})
    return entries


def changed(given: Mapping[str, str], before: Mapping[str, str]) -> tuple[Setting, ...]:
    """Those that differ from what the stack has."""
    return tuple(
        Setting(name, before.get(name), value)
        for name, value in given.items()
        if before.get(name) != value
    )


def retained(template: str, policy: str) -> frozenset[str]:
    """The resources that outlive their removal (`policy` "DeletionPolicy") or their replacement
    ("UpdateReplacePolicy").
    """
    line = re.compile(rf"^    {policy}: Retain", re.MULTILINE)
    return frozenset(found[1] for found in _RESOURCE.finditer(template) if line.search(found[2]))


def with_named_buckets(template: str, *, stack: str, number: str, region: str) -> str:
    """The template with its buckets' names written out: CloudFormation takes over an existing
    bucket only by a name that it need not work out.
    """
    values = {"StackName": stack, "AccountId": number, "Region": region}

    def written(found: re.Match[str]) -> str:
        text = found[2]
        for name, value in values.items():
            text = text.replace(f"${{AWS::{name}}}", value)
        return found[1] + text

    return _BUCKET_NAME.sub(written, template)
