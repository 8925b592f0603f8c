"""A stack at work, followed event by event to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from infra.cloud.account import Clients
from infra.cloud.deployment import validation
from litescore.errors import ConfigurationError

_STACK = "AWS::CloudFormation::Stack"
# What CloudFormation says of those that it stops because another failed.
_CANCELLED = "cancelled"
# As many as come in one answer; more than one, for those of one moment have no order.
_PAGE = 100
_LONGEST = 4 * 3600


@dataclass(frozen=True)
class Event:
    """Something that happened to a resource, or to the whole stack (`whole`), named by its ARN."""

    id: str
    resource: str
    type: str
    status: str
    reason: str
    whole: bool
    stack: str

    @property
    def ended(self) -> bool:
        return not self.status.endswith("_IN_PROGRESS")


Tell = Callable[[Event], None]


@dataclass(frozen=True)
class End:
    """How it ended: the stack's status, and the first cause where something failed ("" else)."""

    status: str
    cause: str

    @property
    def good(self) -> bool:
        return not self.cause and "ROLLBACK" not in self.status and "FAILED" not in self.status


def begun(clients: Clients, stack: str) -> frozenset[str]:
    """The newest events so far; those that come later are of what is begun now."""
    events = islice(_newest_first(clients("cloudformation"), stack), _PAGE)
    return frozenset(event.id for event in events)


def follow(
    clients: Clients,
    stack: str,
    before: frozenset[str],
    tell: Tell = lambda _: None,
    *,
    pause: float = 2.0,
) -> End:
    """Wait until the stack (its ARN) is at rest; `tell` hears of each event, the first first.

    Looks every `pause` seconds. Raises ConfigurationError after 4 hours.
    """
    cloud, seen, cause = clients("cloudformation"), set(before), ""
    deadline = time.monotonic() + _LONGEST
    while time.monotonic() < deadline:
        ended = False
        for event in _new(cloud, stack, seen):
            tell(event)
            cause = cause or _cause(cloud, event)
            ended = event.ended if event.whole else ended
        # Its own events say when it ends, for its status may still be that of before the start; but
        # a failure may be followed by the way back.
        if ended and not (status := _status(cloud, stack)).endswith("_IN_PROGRESS"):
            return End(status, cause)
        time.sleep(pause)
    hours = _LONGEST // 3600
    raise ConfigurationError(
        f"stack {stack} is still at work after {hours} hours: `litescore status --stack {stack}` "
        "tells how it went"
    )


def _new(cloud: Any, stack: str, seen: set[str]) -> list[Event]:
    """Those not seen before, the first first; they are seen now."""
    found = []
    for event in _newest_first(cloud, stack):
        if event.id in seen:
            break
        found.append(event)
    seen |= {event.id for event in found}
    return found[::-1]


def _newest_first(cloud: Any, stack: str) -> Iterator[Event]:
    for page in cloud.get_paginator("describe_stack_events").paginate(StackName=stack):
        for entry in page["StackEvents"]:
            yield Event(
                id=entry["EventId"],
                resource=entry["LogicalResourceId"],
                type=entry["ResourceType"],
                status=entry.get("ResourceStatus", ""),
                reason=" ".join(entry.get("ResourceStatusReason", "").split()),
                whole=entry["ResourceType"] == _STACK
                and entry.get("PhysicalResourceId") == entry["StackId"],
                stack=entry["StackId"],
            )


def _status(cloud: Any, stack: str) -> str:
    [found] = cloud.describe_stacks(StackName=stack)["Stacks"]
    return str(found["StackStatus"])


def _cause(cloud: Any, event: Event) -> str:
    if not event.status.endswith("_FAILED") or _CANCELLED in event.reason:
        return ""
    if event.whole and validation.is_cause(event.reason):
        found = validation.first_found(cloud, StackName=event.stack)
        return found or f"{event.resource}: {event.reason}"
    return f"{event.resource}: {event.reason or 'CloudFormation gives no reason'}"
