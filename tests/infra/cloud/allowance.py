"""What an IAM policy document allows: enough of AWS's evaluation for documents without denials."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

Document = dict[str, Any]
Context = Mapping[str, str]


def allows(document: Document, action: str, resource: str, context: Context | None = None) -> bool:
    """Whether a statement names the action and the resource, and its conditions are met."""
    return any(
        any(_matches(action, pattern) for pattern in _listed(statement["Action"]))
        and any(_matches(resource, pattern) for pattern in _listed(statement["Resource"]))
        and _met(statement.get("Condition", {}), context or {})
        for statement in document["Statement"]
    )


def without(document: Document, sid: str) -> Document:
    """The document without one of its statements."""
    left = [statement for statement in document["Statement"] if statement["Sid"] != sid]
    assert len(left) == len(document["Statement"]) - 1
    return {**document, "Statement": left}


def _met(conditions: Document, context: Context) -> bool:
    """Operators are all of the kind `any of these values`, with wildcards or without."""
    known = ("StringEquals", "ArnLike", "ForAnyValue:StringEquals")
    assert set(conditions) <= set(known), conditions
    return all(
        any(_matches(context.get(key, ""), value) for value in _listed(values))
        for wanted in conditions.values()
        for key, values in wanted.items()
    )


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
