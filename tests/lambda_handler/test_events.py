"""Classifying events: each form by itself, and everything else refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_handler import events
from litescore.errors import UnknownEvent
from tests.lambda_handler import shapes

FORMS = {
    "batch_operations_1": events.BATCH_OPERATIONS,
    "batch_operations_2": events.BATCH_OPERATIONS,
    "distributed_map": events.MAP,
    "distributed_map_item": events.MAP,
    "eventbridge_created": events.EVENTBRIDGE,
    "eventbridge_deleted": events.EVENTBRIDGE,
    "s3_put": events.S3,
    "s3_removed": events.S3,
    "s3_test_event": events.TEST,
    "sns": events.SNS,
    "sns_envelope": events.SNS_ENVELOPE,
    "sqs": events.SQS,
}


@pytest.mark.parametrize("name", shapes.names())
def test_every_real_event_has_its_form(name: str) -> None:
    """Each file of events/, and none without a row above."""
    assert events.classify(shapes.event(name)) == FORMS[name]


@pytest.mark.parametrize("field", ["objects", "prefix", "manifest"])
def test_direct_calls(field: str) -> None:
    """Ours are known by their one field."""
    assert events.classify({field: None}) == events.DIRECT


def test_the_health_check() -> None:
    """`verify` is a question of its own: beside other fields, or denied, it is no event."""
    assert events.classify({"verify": True}) == events.VERIFY
    for event in ({"verify": False}, {"verify": True, "more": 1}):
        with pytest.raises(UnknownEvent, match="verify"):
            events.classify(event)


@pytest.mark.parametrize(
    "event",
    [
        {"Items": []},
        {"Key": "k", "Etag": "e"},
        {"Bucket": "b", "Key": "k"},
        {"row": {"Bucket": "b", "Key": "k"}, "encoding": "url"},
    ],
)
def test_items_of_a_distributed_map(event: Any) -> None:
    """A batch, or an item by itself: as S3 lists it, as it is selected, as an inventory has it."""
    assert events.classify(event) == events.MAP


@pytest.mark.parametrize(
    ("event", "seen"),
    [
        ({}, "empty"),
        ([], "a list"),
        (None, "a NoneType"),
        ("s3://bucket/a.png", "a str"),
        ({"Records": []}, "fields Records"),
        ({"Records": "x"}, "fields Records"),
        ({"Records": [{"eventSource": "aws:kinesis"}]}, "Records of 'aws:kinesis'"),
        ({"Records": [{"a": 1}]}, "Records of a"),
        ({"source": "aws.ec2", "detail": {}}, "fields detail, source"),
        ({"tasks": []}, "fields tasks"),
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
