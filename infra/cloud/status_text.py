"""The parts of `infra.cloud.status` as lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.amounts import counted
from infra.cloud.status import UNKNOWN, Part
from litescore.terminal import printable

_WIDTH = 14


def lines(parts: Mapping[str, Part]) -> Iterator[str]:
    """One line for each part, more for lists."""
    for name, part in parts.items():
        title = name.replace("_", " ")
        for number, text in enumerate(_said(name, part)):
            yield f"{title if number == 0 else '':<{_WIDTH}}{printable(text)}"


def _said(name: str, part: Part) -> list[str]:
    if UNKNOWN in part:
        return [f"not known: {part[UNKNOWN]}"]
    return _TEXTS[name](part)


def _queue(part: Part) -> list[str]:
    oldest = part["oldest_seconds"]
    age = f", oldest {oldest / 60:.0f} min" if oldest else ""
    return [
        f"{part['waiting']:,} waiting, {part['in_flight']:,} in flight, "
        f"{part['delayed']:,} delayed{age}"
    ]


def _dead_letters(part: Part) -> list[str]:
    waiting = part["waiting"]
    return [f"{waiting:,}: `litescore redrive` shows and sends them back" if waiting else "none"]


def _function(part: Part) -> list[str]:
    reason = f" ({part['reason']})" if part["reason"] else ""
    state = f"{part['state'] or 'state not told'}, last update {part['last_update'] or 'not told'}"
    return [
        f"{state}{reason}, {part['modified']}",
        f"{part['runtime']}, {part['memory']} MB, {part['timeout']} s",
        f"model {part['model'] or 'not pinned'}",
    ]


def _last_hour(part: Part) -> list[str]:
    if part["invocations"] is None:
        return ["CloudWatch tells of no invocation"]
    part = {name: count or 0 for name, count in part.items()}
    return [
        f"{part['invocations']:,} invocations, {part['errors']:,} errors, "
        f"{part['throttles']:,} throttled"
    ]


def _images(part: Part) -> list[str]:
    counts = ", ".join(f"{part[name]:,} {name}" for name in ("scored", "failed", "superseded"))
    found = [f"{counts} in the last hour{'' if part['whole'] else ', at least'}"]
    if part["failed_kinds"]:
        found.append(", ".join(f"{n:,} {kind}" for kind, n in sorted(part["failed_kinds"].items())))
    if part["milliseconds_an_image"] is not None:
        found.append(
            f"{part['milliseconds_an_image']:.1f} ms an image, {part['images_a_second']:.0f}/s a "
            f"function, {counted(part['cold_starts'], 'cold start')}"
        )
    return found


def _backfills(part: Part) -> list[str]:
    runs = part["running"]
    return [
        f"{run['name']}: {run['done']:,} of {run['total']:,}, {run['failed']:,} failed"
        for run in runs
    ] or ["none running"]


def _alarms(part: Part) -> list[str]:
    states = part["states"]
    raised = [f"{name} in ALARM" for name, state in sorted(states.items()) if state == "ALARM"]
    quiet = Counter(state for state in states.values() if state != "ALARM")
    # A new alarm, and one of what did not happen of late, has no data.
    counts = ", ".join(f"{count} {state}" for state, count in sorted(quiet.items()))
    return [*raised, *([counts] if counts else [])] or ["none"]


def _records(part: Part) -> list[str]:
    return [
        f"{one['at']}  {one['source']}{'/' + one['member'] if one['member'] else ''}: {_verdict(one)}"
        for one in part["newest"]
    ] or ["none yet"]


def _verdict(record: Mapping[str, Any]) -> str:
    if record["status"] == "scored":
        return f"{record['label']} {record['score']}"
    return f"{record['status']} {record['kind'] or ''}".rstrip()


_TEXTS: dict[str, Callable[[Part], list[str]]] = {
    "queue": _queue,
    "dead_letters": _dead_letters,
    "function": _function,
    "last_hour": _last_hour,
    "images": _images,
    "backfills": _backfills,
    "alarms": _alarms,
    "records": _records,
}
