"""A deployment's plan as text, and as JSON: what would be done, and what is lost by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.cloud.deployment.change_set import Change
from infra.cloud.deployment.existing_bucket import Notifications
from infra.cloud.deployment.plan import Plan

_HEAD = ("action", "resource", "type", "replaced", "what of it")
_SHORT = 40


def lines(plan: Plan) -> Iterator[str]:
    """The plan for people: resources, parameters, the existing bucket, and what is lost loudly."""
    deed = "create" if plan.changes.creates else "update"
    yield f"{deed} stack {plan.changes.name} in {plan.account.name}"
    yield ""
    if plan.changes.changes:
        yield from _table([_HEAD, *map(_row, plan.changes.changes)])
    else:
        yield "no resource changes"
    # A new stack's empty ones say nothing.
    settings = [part for part in _settings(plan) if part[1] or part[2]]
    if settings and plan.changes.changes:
        yield ""
        yield from _table([_setting(*part) for part in settings])
    if plan.shown and plan.wanted:
        yield ""
        yield from _bucket(plan.shown, plan.wanted)
    for note in plan.notes:
        yield f"Note: {note}"
    yield from (_loud(change) for change in plan.changes.changes if _is_worth_a_word(change))


def facts(plan: Plan) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "stack": plan.changes.name,
        "creates": plan.changes.creates,
        "changes": [
            {
                "action": change.action,
                "resource": change.resource,
                "type": change.type,
                "replacement": change.replacement or None,
                "properties": list(change.properties),
                "kept": change.kept,
                "loses": change.loses,
            }
            for change in plan.changes.changes
        ],
        "parameters": [
            {"name": name, "old": old, "new": new} for name, old, new in _settings(plan)
        ],
        "notifications": None
        if plan.shown is None or plan.wanted is None
        else {
            "bucket": plan.shown.bucket,
            "old": dict(plan.shown.held),
            "new": dict(plan.wanted.held),
        },
        "notes": list(plan.notes),
    }


def _settings(plan: Plan) -> list[tuple[str, str | None, str]]:
    return [(setting.name, setting.old, setting.new) for setting in plan.settings]


def _row(change: Change) -> tuple[str, ...]:
    replaced = change.replacement if change.replacement not in ("", "no") else ""
    if change.kept:
        replaced = f"{replaced} (kept)".strip()
    of_it = ", ".join(change.properties)
    return (change.action, change.resource, change.type, replaced, of_it)


def _setting(name: str, old: str | None, new: str) -> tuple[str, ...]:
    before = "" if old is None else f"{_shown(old)} ->"
    return (name, before, _shown(new))


def _shown(value: str) -> str:
    if not value:
        return "(empty)"
    return value if len(value) <= _SHORT else f"{value[: _SHORT - 3]}..."


def _bucket(shown: Notifications, wanted: Notifications) -> Iterator[str]:
    held = list(shown.lines())
    yield f"bucket {shown.bucket} notifies:"
    yield from (f"  {line}" for line in held or ["nobody"])
    if shown == wanted:
        yield "stays as it is: EventBridge, where the stack takes its events, is on already"
    else:
        others = "; all of the above stays" if held else ""
        yield f"+ EventBridge  all events{others}"


def _is_worth_a_word(change: Change) -> bool:
    # S3's bucket names are fixed, so that "perhaps" never comes true for one that is kept.
    return change.loses or (change.ends and change.replacement != "perhaps")


def _loud(change: Change) -> str:
    what = {"AWS::S3::Bucket": "bucket", "AWS::SQS::Queue": "queue"}[change.type]
    if change.kept:
        return (
            f"WARNING: {what} {change.resource} LEAVES the stack; it stays, with all that is in it"
        )
    if change.action == "Remove":
        return f"WARNING: {what} {change.resource} is REMOVED, with all that is in it"
    word = "may be" if change.replacement == "perhaps" else "is"
    return f"WARNING: {what} {change.resource} {word} REPLACED: what is in the old one is lost"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
