"""Events that announce objects: S3 notifications, the test event, EventBridge, and SNS around them.

They come by themselves or inside a message of a queue, and have no reply of their own.
"""

from __future__ import annotations

from typing import Any

from lambda_handler import events
from lambda_handler.fields import (
    Event,
    field,
    form_decoded,
    is_marker,
    parsed,
    subject,
    text_field,
)
from litescore.errors import UnknownEvent
from litescore.record import Subject


def announced(event: Any) -> tuple[Subject, ...]:
    """The objects that an event announces as new; those removed and folder markers are not.

    Raises UnknownEvent for an event of any other form, or of broken shape.
    """
    kind = events.classify(event)
    if kind == events.TEST:
        return ()
    if kind == events.S3:
        return tuple(_notified(one) for one in event["Records"] if _created(one))
    if kind == events.EVENTBRIDGE:
        return _bridged(event)
    if kind == events.SNS:
        return tuple(s for one in event["Records"] for s in _published(field(one, "Sns")))
    if kind == events.SNS_ENVELOPE:
        return _published(event)
    raise UnknownEvent(f"a message that holds a {kind} event, which announces nothing")


def _created(record: Event) -> bool:
    name = text_field(record, "eventName").removeprefix("s3:")
    thing = field(record, "s3", "object")
    return name.startswith("ObjectCreated:") and not is_marker(
        field(thing, "key"), thing.get("size")
    )


def _notified(record: Event) -> Subject:
    thing = field(record, "s3", "object")
    return subject(
        field(record, "s3", "bucket", "name"),
        form_decoded(text_field(thing, "key")),
        thing.get("eTag"),
        thing.get("versionId"),
    )


def _bridged(event: Event) -> tuple[Subject, ...]:
    if text_field(event, "detail-type") != "Object Created":
        return ()
    thing = field(event, "detail", "object")
    # EventBridge names the raw key: decoding it would name another object.
    key = text_field(thing, "key")
    if is_marker(key, thing.get("size")):
        return ()
    bucket = field(event, "detail", "bucket", "name")
    return (subject(bucket, key, thing.get("etag"), thing.get("version-id")),)


def _published(notice: Any) -> tuple[Subject, ...]:
    return announced(parsed(field(notice, "Message")))
