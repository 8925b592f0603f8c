"""Which form an event has. An event is classified before it is parsed.

A shape that no form has is refused with what was seen, never guessed. How a form is read and
answered is its own module's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_handler.fields import names_in, shown
from litescore.errors import UnknownEvent

S3 = "S3 notification"
TEST = "s3:TestEvent"
SNS = "SNS"
SNS_ENVELOPE = "SNS envelope"
EVENTBRIDGE = "EventBridge"
SQS = "SQS"
BATCH_OPERATIONS = "S3 Batch Operations"
MAP = "Distributed Map"
DIRECT = "direct"
VERIFY = "verify"
CHANGES = "changes"
CHANGED = "changed"

_UNDERSTOOD = (
    "an S3 notification, an s3:TestEvent, SNS, SQS, EventBridge of S3, S3 Batch Operations, "
    'a batch or an item of a Distributed Map, {"objects": [...]}, {"prefix": "s3://..."}, '
    '{"manifest": "s3://..."}, {"changes": {...}}, {"changed": {...}} or {"verify": true}'
)


def classify(event: Any) -> str:
    """Which form an event has: one of this module's names. Raises UnknownEvent saying what was
    seen.
    """
    if isinstance(event, Mapping):
        kind = _by_records(event) if "Records" in event else _by_fields(event)
        if kind:
            return kind
    raise UnknownEvent(f"unknown event, {_seen(event)}: {_UNDERSTOOD}")


def _by_fields(event: Mapping[str, Any]) -> str | None:
    if event.get("Event") == "s3:TestEvent":
        return TEST
    if event.get("source") == "aws.s3" and "detail-type" in event:
        return EVENTBRIDGE
    if event.get("Type") == "Notification" and "Message" in event:
        return SNS_ENVELOPE
    if "invocationSchemaVersion" in event and "tasks" in event:
        return BATCH_OPERATIONS
    if "Items" in event or _is_item(event):
        return MAP
    if dict(event) == {"verify": True}:
        return VERIFY
    for name in (CHANGES, CHANGED):
        if name in event:
            return name
    return DIRECT if {"objects", "prefix", "manifest"} & set(event) else None


def _is_item(event: Mapping[str, Any]) -> bool:
    """An item by itself is what a Distributed Map without ItemBatcher sends."""
    return ("Key" in event and bool({"Etag", "Bucket"} & set(event))) or "row" in event


def _by_records(event: Mapping[str, Any]) -> str | None:
    records = event["Records"]
    kinds = {_kind(record) for record in records} if isinstance(records, list) else set()
    return kinds.pop() if len(kinds) == 1 else None


def _kind(record: Any) -> str | None:
    if not isinstance(record, Mapping):
        return None
    if record.get("eventSource") == "aws:s3":
        return S3
    if "Sns" in record:
        return SNS
    return SQS if "messageId" in record and "body" in record else None


def _seen(event: Any) -> str:
    if not isinstance(event, Mapping):
        return f"a {type(event).__name__}"
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    if isinstance(first, Mapping):
        source = first.get("eventSource") or first.get("EventSource")
        return f"Records of {shown(source) if source else names_in(first)}"
    return f"fields {names_in(event)}" if event else "empty"
