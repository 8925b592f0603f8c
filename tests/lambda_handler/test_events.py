"""Classifying and parsing events: each form by itself, and everything else refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_handler import events
from litescore.errors import UnknownEvent
from litescore.record import Subject
from tests.lambda_handler import shapes

KEYS = ["a.png", "in/a b.png", "a+b.png", "a%2Bb.png", "é/😀.png", "x" * 1024]


@pytest.mark.parametrize("key", KEYS)
def test_notified_keys_are_decoded_as_a_form(key: str) -> None:
    """`+` is a space and `%2B` a plus, whatever else the key holds."""
    event = shapes.notification("bucket", key, etag="e", version="v")
    assert events.classify(event) == events.S3
    expected = Subject(f"s3://bucket/{key}", etag="e", version="v")
    assert events.notified(event) == (expected,)


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_a_direct_call_are_not_decoded(key: str) -> None:
    """What a caller writes is the raw key."""
    event = {"objects": [f"s3://bucket/{key}", {"bucket": "bucket", "key": key}]}
    assert events.classify(event) == events.DIRECT
    assert events.requested(event) == (Subject(f"s3://bucket/{key}"),) * 2


def test_removals_and_folder_markers_are_ignored() -> None:
    """A removed object and a folder are no images."""
    assert events.notified(shapes.event("s3_removed")) == ()
    assert events.notified(shapes.notification("bucket", "in/folder/")) == ()


def test_test_event() -> None:
    """What S3 sends when a notification is set up, bare and in a queue."""
    event = shapes.event("s3_test_event")
    assert events.classify(event) == events.TEST
    (message,) = events.messages(shapes.queued(event))
    assert message == events.Message("message-0")


def test_messages_stand_beside_each_other() -> None:
    """A body that cannot be read is told by its message, and hides none."""
    good = shapes.notification("bucket", "a.png", "b.png")
    event = shapes.queued(good, "not json", {"hello": 1}, shapes.event("sns"), good)
    assert events.classify(event) == events.SQS
    found = events.messages(event)
    assert [len(message.subjects) for message in found] == [2, 0, 0, 0, 2]
    assert [bool(message.unreadable) for message in found] == [False, True, True, True, False]
    assert "JSON" in str(found[1].unreadable)
    assert "hello" in str(found[2].unreadable)


@pytest.mark.parametrize(
    ("event", "seen"),
    [
        ({}, "empty"),
        ([], "a list"),
        (None, "a NoneType"),
        ("s3://bucket/a.png", "a str"),
        ({"Records": []}, "fields Records"),
        ({"Records": "x"}, "fields Records"),
        ({"Records": [{"eventSource": "aws:kinesis"}]}, "Records of aws:kinesis"),
        ({"Records": [{"a": 1}]}, "Records of a"),
        (shapes.event("sns"), "Records of aws:sns"),
        ({"source": "aws.ec2", "detail": {}}, "fields detail, source"),
    ],
)
def test_unknown_shapes_are_refused_with_what_was_seen(event: Any, seen: str) -> None:
    """Never guessed, never silently empty."""
    with pytest.raises(UnknownEvent, match=seen):
        events.classify(event)


def test_mixed_records_are_refused() -> None:
    """Records of two kinds are no event of AWS's."""
    mixed = shapes.notification("bucket", "a.png")["Records"] + shapes.queued("x")["Records"]
    with pytest.raises(UnknownEvent):
        events.classify({"Records": mixed})


@pytest.mark.parametrize(
    "event",
    [
        {"prefix": "bucket/in/"},
        {"prefix": 1},
        {"prefix": "s3://b/", "recursive": True},
        {"objects": ["bucket/a.png"]},
        {"objects": ["s3://"]},
        {"objects": [{"bucket": "b"}]},
        {"objects": [{"bucket": "b", "key": "k", "size": 1}]},
        {"objects": [1]},
    ],
)
def test_direct_calls_are_checked(event: Any) -> None:
    """A field that is missing, misspelt or of another kind is refused."""
    with pytest.raises(UnknownEvent):
        list(events.requested(event))


def test_a_broken_notification_names_the_field() -> None:
    """A record of S3's without its key is refused, not skipped."""
    event = shapes.notification("bucket", "a.png")
    del event["Records"][0]["s3"]["object"]["key"]
    with pytest.raises(UnknownEvent, match="key"):
        events.notified(event)
