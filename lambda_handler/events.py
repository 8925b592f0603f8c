"""From an AWS event to the subjects it names. Knows the forms, their key encodings, nothing else.

An event is classified before it is parsed, and a shape that no form has is refused, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from litescore import s3, store
from litescore.errors import ConfigurationError, UnknownEvent
from litescore.record import Subject

Event = Mapping[str, Any]

S3, SQS, DIRECT, TEST = "S3 notification", "SQS", "direct", "s3:TestEvent"


@dataclass(frozen=True)
class Message:
    """One SQS message: its id and the subjects it names, or why it could not be read."""

    id: str
    subjects: tuple[Subject, ...] = ()
    unreadable: str | None = None


def classify(event: Any) -> str:
    """Which form an event has: S3, SQS, DIRECT or TEST. Raises UnknownEvent saying what was seen."""
    if isinstance(event, Mapping):
        if event.get("Event") == "s3:TestEvent":
            return TEST
        if "objects" in event or "prefix" in event:
            return DIRECT
        kinds = {_kind(record) for record in _list(event.get("Records"))}
        if len(kinds) == 1 and (kind := kinds.pop()):
            return kind
    raise UnknownEvent(
        f"unknown event, {_seen(event)}: an S3 notification, SQS messages of them, an "
        's3:TestEvent, {"objects": [...]} or {"prefix": "s3://..."}'
    )


def notified(event: Event) -> tuple[Subject, ...]:
    """The subjects of an S3 notification; objects removed and folder markers are not among them."""
    try:
        return tuple(_from_notification(record) for record in event["Records"] if _counts(record))
    except (KeyError, TypeError, AttributeError) as error:
        raise UnknownEvent(f"an S3 notification without {error}") from error


def messages(event: Event) -> tuple[Message, ...]:
    """The messages of an SQS event; one that cannot be read does not hide its neighbours."""
    return tuple(_read_message(record) for record in event["Records"])


def requested(event: Event) -> Iterable[Subject]:
    """The subjects of a direct call.

    `{"objects": [...]}` holds s3:// URLs or `{"bucket", "key", "etag", "version"}`, and
    `{"prefix": "s3://bucket/folder/"}` lists. Raises UnknownEvent for anything else beside them.
    """
    extra = set(event) - {"objects"} if "objects" in event else set(event) - {"prefix"}
    if extra:
        raise UnknownEvent(f"unknown field in a direct call: {', '.join(sorted(map(str, extra)))}")
    if "objects" in event:
        return tuple(_from_object(one) for one in _list(event["objects"]))
    prefix = event["prefix"]
    if not isinstance(prefix, str) or not s3.is_s3(prefix):
        raise UnknownEvent(f'"prefix" is {prefix!r}, not an s3:// URL')
    return (entry.subject for entry in store.list_objects(prefix))


def _kind(record: Any) -> str | None:
    if not isinstance(record, Mapping):
        return None
    if record.get("eventSource") == "aws:s3":
        return S3
    return SQS if "messageId" in record and "body" in record else None


def _counts(record: Event) -> bool:
    created = str(record["eventName"]).removeprefix("s3:").startswith("ObjectCreated:")
    return created and not str(record["s3"]["object"]["key"]).endswith("/")


def _from_notification(record: Event) -> Subject:
    # S3 encodes keys in notifications as in a form: `+` for a space, `%2B` for a plus.
    thing = record["s3"]["object"]
    return Subject(
        f"s3://{record['s3']['bucket']['name']}/{unquote_plus(thing['key'])}",
        etag=_unquoted(thing.get("eTag")),
        version=thing.get("versionId"),
    )


def _read_message(record: Event) -> Message:
    name = str(record["messageId"])
    try:
        body = json.loads(record["body"])
        kind = classify(body)
        if kind == TEST:
            return Message(name)
        if kind != S3:
            raise UnknownEvent(f"a message that holds a {kind} event")
        return Message(name, notified(body))
    except (ValueError, TypeError) as error:
        return Message(name, unreadable=f"body is not JSON: {error}")
    except UnknownEvent as error:
        return Message(name, unreadable=str(error))


def _from_object(one: Any) -> Subject:
    if isinstance(one, str):
        try:
            s3.split(one)
        except ConfigurationError as error:
            raise UnknownEvent(str(error)) from error
        return Subject(one)
    if not isinstance(one, Mapping) or not {"bucket", "key"} <= set(one):
        raise UnknownEvent(f'an object is an s3:// URL or {{"bucket", "key"}}, not {one!r}')
    unknown = set(one) - {"bucket", "key", "etag", "version"}
    if unknown:
        raise UnknownEvent(f"unknown field in an object: {', '.join(sorted(unknown))}")
    return Subject(
        f"s3://{one['bucket']}/{one['key']}",
        etag=_unquoted(one.get("etag")),
        version=one.get("version"),
    )


def _unquoted(etag: Any) -> str | None:
    return str(etag).strip('"') if etag else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _seen(event: Any) -> str:
    if not isinstance(event, Mapping):
        return f"a {type(event).__name__}"
    first = next(iter(_list(event.get("Records"))), None)
    if isinstance(first, Mapping):
        source = first.get("eventSource") or first.get("EventSource")
        return f"Records of {source or ', '.join(sorted(map(str, first)))}"
    return f"fields {', '.join(sorted(map(str, event)))}" if event else "empty"
