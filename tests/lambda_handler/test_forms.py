"""Reading each form: its key encoding, what it leaves out, what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lambda_handler import batch_operations, distributed_map, notices
from lambda_handler.batch_operations import Task
from lambda_handler.direct import Request
from lambda_handler.messages import Message, messages
from litescore.errors import UnknownEvent
from litescore.record import Subject
from tests.lambda_handler import shapes

KEYS = ["a.png", "in/a b.png", "a+b.png", "a%2Bb.png", "a%20b", "é/😀.png", "é" * 512, "/a//b/../c"]
Read = Callable[[str], Any]


def _tasks(key: str, schema: str) -> list[Subject | None]:
    return [task.subject for task in batch_operations.tasks(shapes.tasks("b", key, schema=schema))]


READ: dict[str, Read] = {
    "S3": lambda key: notices.announced(shapes.notification("b", key)),
    "SNS": lambda key: notices.announced(shapes.published(shapes.notification("b", key))),
    "EventBridge": lambda key: notices.announced(shapes.bridged("b", key)),
    "EventBridge in SNS": lambda key: notices.announced(shapes.published(shapes.bridged("b", key))),
    "SQS": lambda key: messages(shapes.queued(shapes.notification("b", key)))[0].subjects,
    "SNS in SQS": lambda key: (
        messages(shapes.queued(shapes.enveloped(shapes.notification("b", key))))[0].subjects
    ),
    "EventBridge in SQS": lambda key: messages(shapes.queued(shapes.bridged("b", key)))[0].subjects,
    "S3 Batch Operations 1.0": lambda key: _tasks(key, "1.0"),
    "S3 Batch Operations 2.0": lambda key: _tasks(key, "2.0"),
    "Distributed Map": lambda key: distributed_map.items(shapes.mapped("b", key)),
    "Distributed Map, selected": lambda key: distributed_map.items(shapes.selected("b", key)),
    "Distributed Map, an item by itself": lambda key: distributed_map.items(
        shapes.selected("b", key)["Items"][0]
    ),
    "Distributed Map, inventory": lambda key: distributed_map.items(shapes.inventoried("b", key)),
    "Distributed Map, a row by itself": lambda key: distributed_map.items(
        shapes.inventoried("b", key)["Items"][0]
    ),
    "objects": lambda key: Request({"objects": [{"bucket": "b", "key": key}]}).objects,
    "objects as URL": lambda key: Request({"objects": [f"s3://b/{key}"]}).objects,
}


@pytest.mark.parametrize("form", READ)
@pytest.mark.parametrize("key", KEYS)
def test_every_key_through_every_form(form: str, key: str) -> None:
    """Each form is decoded as AWS encodes it, and no other way: the raw key comes out."""
    assert list(READ[form](key)) == [Subject(f"s3://b/{key}")]


def test_etag_and_version_come_without_quotes() -> None:
    """Forms quote ETags or not, and name versions or not."""
    assert notices.announced(shapes.bridged("b", "k", etag="e", version="v")) == (
        Subject("s3://b/k", etag="e", version="v"),
    )
    assert distributed_map.items(shapes.mapped("b", "k", etag="e")) == (
        Subject("s3://b/k", etag="e"),
    )
    for shaped in (shapes.selected, shapes.inventoried):
        assert distributed_map.items(shaped("b", "k", etag="e")) == (Subject("s3://b/k", etag="e"),)
    line = {"Bucket": "b", "Key": "k", "Etag": "", "Version": "v"}
    assert distributed_map.items(line) == (Subject("s3://b/k", version="v"),)
    (task,) = batch_operations.tasks(shapes.tasks("b", "k", version="v"))
    assert task == Task("task-0", Subject("s3://b/k", version="v"))


def test_what_is_no_image_is_left_out() -> None:
    """Removed objects, folder markers and the test event: nothing to score, nothing wrong."""
    for event in (
        shapes.event("s3_removed"),
        shapes.event("s3_test_event"),
        shapes.event("eventbridge_deleted"),
        shapes.published(shapes.event("s3_test_event")),
    ):
        assert notices.announced(event) == ()
    marker = shapes.notification("b", "in/")
    assert len(notices.announced(marker)) == 1  # 394 bytes in an object of this name: an image
    marker["Records"][0]["s3"]["object"]["size"] = 0
    assert notices.announced(marker) == ()
    listed = shapes.mapped("b", "in/", "in/a.png")
    listed["Items"][0]["Size"] = 0
    assert distributed_map.items(listed) == (Subject("s3://b/in/a.png"),)
    assert batch_operations.tasks(shapes.tasks("b", "in/")) == (Task("task-0"),)
    assert distributed_map.items({"Items": []}) == ()


def test_an_inventory_lists_more_than_images() -> None:
    """Older versions, delete markers and folder markers are left out; what is not told counts as
    current.
    """
    event = shapes.inventoried("b", "a", "b", "c", "d/", "e/")
    rows = [item["row"] for item in event["Items"]]
    rows[0] |= {"IsLatest": "false", "IsDeleteMarker": "false"}
    rows[1] |= {"IsLatest": "true", "IsDeleteMarker": "true", "ETag": ""}
    rows[2] |= {"IsLatest": "true", "IsDeleteMarker": "false", "VersionId": "v"}
    rows[3]["Size"] = "0"
    assert distributed_map.items(event) == (
        Subject("s3://b/c", version="v"),
        Subject("s3://b/e/"),
    )


def test_what_is_left_comes_back_as_it_came() -> None:
    """Only to a state machine that asks for it: another would take the batch for done."""
    event = shapes.selected("b", "a", "b", "in/")
    left = {Subject("s3://b/b")}
    assert distributed_map.rest(event, left) == {
        "Items": [event["Items"][1]],
        "BatchInput": {"continue": True},
    }
    assert distributed_map.rest(event, set()) is None
    assert distributed_map.rest(event["Items"][1], left) is None
    assert distributed_map.rest(event | {"BatchInput": {"bucket": "b"}}, left) is None


def test_messages_stand_beside_each_other() -> None:
    """A body that cannot be read is told by its message, and hides none."""
    good = shapes.notification("bucket", "a.png", "b.png")
    bodies = ["not json", {"hello": 1}, {"objects": ["s3://b/k"]}, shapes.queued(good), "[" * 10**5]
    found = messages(shapes.queued(good, *bodies, shapes.event("s3_test_event"), good))
    assert [len(message.subjects) for message in found] == [2, 0, 0, 0, 0, 0, 0, 2]
    unreadable = [message.unreadable or "" for message in found]
    assert [bool(reason) for reason in unreadable] == [False, *[True] * 5, False, False]
    for reason, word in zip(unreadable[1:5], ["JSON", "hello", "direct", "SQS"], strict=True):
        assert word in reason


def test_tasks_stand_beside_each_other() -> None:
    """So does a task; one without an id cannot be answered at all."""
    event = shapes.tasks("b", "a.png", "b.png", "c.png")
    event["tasks"][1]["s3BucketArn"] = "arn:aws:s3:eu-central-1:1:accesspoint/a"
    del event["tasks"][2]["s3Key"]
    found = batch_operations.tasks(event)
    assert [task.subject is None for task in found] == [False, True, True]
    assert "s3Key" in str(found[2].unreadable)
    del event["tasks"][0]["taskId"]
    with pytest.raises(UnknownEvent, match="taskId"):
        batch_operations.tasks(event)


def test_another_schema_of_batch_operations_is_refused() -> None:
    """What 3.0 may mean is not guessed."""
    event = shapes.tasks("b", "a.png") | {"invocationSchemaVersion": "3.0"}
    with pytest.raises(UnknownEvent, match=r"'3\.0'"):
        batch_operations.tasks(event)


@pytest.mark.parametrize(
    "event",
    [
        shapes.event("distributed_map_item"),
        {"Items": [{"Key": "k"}]},
        {"Items": [{"Key": "k"}], "BatchInput": {}},
    ],
)
def test_items_without_a_bucket_are_refused_with_the_fix(event: Any) -> None:
    """A key alone names no object."""
    with pytest.raises(UnknownEvent, match="ItemBatcher with BatchInput"):
        distributed_map.items(event)


@pytest.mark.parametrize(
    "item",
    [
        {"Bucket": "b"},
        {"Bucket": "b/c", "Key": "k"},
        {"Bucket": None, "Key": "k"},
        {"Bucket": "b", "Key": "k", "encoding": "base64"},
        {"row": {"Bucket": "b", "Key": "%FF"}, "encoding": "url"},
        {"row": ["b", "k"], "encoding": "url"},
        {"Bucket": "b", "Key": "k", "Etag": 1},
        "k",
        1,
    ],
)
def test_an_item_that_names_no_object_is_refused(item: Any) -> None:
    """Never guessed: decoded with another letter it would be another object."""
    with pytest.raises(UnknownEvent):
        distributed_map.items({"Items": [item], "BatchInput": {"bucket": "b"}})


@pytest.mark.parametrize(
    "event",
    [
        {"prefix": "bucket/in/"},
        {"prefix": 1},
        {"prefix": "s3://b/", "recursive": True},
        {"prefix": "s3://b/", "manifest": "s3://b/list.csv"},
        {"prefix": "s3://b/", "after": 3},
        {"manifest": "list.csv"},
        {"manifest": "s3://b/list.csv", "after": "key"},
        {"manifest": "s3://b/list.csv", "after": -1},
        {"objects": "s3://b/a.png"},
        {"objects": ["s3://b/a.png"], "after": 1},
        {"objects": ["bucket/a.png"]},
        {"objects": ["s3://"]},
        {"objects": [{"bucket": "b"}]},
        {"objects": [{"bucket": "b/c", "key": "k"}]},
        {"objects": [{"bucket": "b", "key": "k", "size": 1}]},
        {"objects": [{"bucket": "b", "key": "k", "etag": 1}]},
        {"objects": [1]},
    ],
)
def test_direct_calls_are_checked(event: Any) -> None:
    """A field that is missing, misspelt or of another kind is refused."""
    with pytest.raises(UnknownEvent):
        Request(event)


@pytest.mark.parametrize("field", ["key", "bucket"])
def test_a_broken_notification_names_the_field(field: str) -> None:
    """A record of S3's without its key is refused, not skipped."""
    event = shapes.notification("bucket", "a.png")
    event["Records"][0]["s3"].pop("object" if field == "key" else field)
    with pytest.raises(UnknownEvent, match=r"no field s3\.(object|bucket)"):
        notices.announced(event)


@pytest.mark.parametrize("key", ["%FF.png", "\ud800.png", ""])
def test_a_key_that_s3_cannot_have_is_refused(key: str) -> None:
    """Decoded with a replacement letter it would name another object."""
    event = shapes.notification("bucket", "a.png")
    event["Records"][0]["s3"]["object"]["key"] = key
    with pytest.raises(UnknownEvent):
        notices.announced(event)


def test_a_message_says_what_it_holds() -> None:
    """A value object is equal to its like: what tests and replies rely on."""
    assert messages(shapes.queued(shapes.event("s3_test_event"))) == (Message("message-0"),)
