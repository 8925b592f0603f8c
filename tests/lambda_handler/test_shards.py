"""Shards in an invocation that has no time for all of one: each call goes on where the last left it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from lambda_handler import handler, scoring
from lambda_handler.checkpoints import Checkpoints
from litescore import output, results, store
from litescore.record import Subject
from tests.lambda_handler import shapes
from tests.lambda_handler.conftest import Records
from tests.lambda_handler.test_replies import short
from tests.litescore.packed import zip_of
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3

MEMBERS = 40


@pytest.fixture
def shard(s3: S3, inputs: str, pngs: Pngs, monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of a zip in the input bucket, with the handler set up for small steps."""
    monkeypatch.setenv("LITESCORE_THREADS", "1")
    monkeypatch.setenv("LITESCORE_BATCH", "1")
    files = {f"{path.name}": path.read_bytes() for path in pngs.paths[:MEMBERS]}
    s3.client.put_object(Bucket=inputs, Key="in/s.zip", Body=zip_of(files))
    return "in/s.zip"


def _written() -> list[str | None]:
    """The members of every line of every output object, in order of name."""
    place = str(scoring.settings().output)
    return sorted((record.member for record in results.written(place)), key=str)


def test_each_delivery_goes_on_where_the_last_one_stopped(
    inputs: str, shard: str, outputs: Records, pngs: Pngs
) -> None:
    """A message about a shard comes back until the shard is through; no member is scored twice."""
    event = shapes.queued(shapes.notification(inputs, shard))
    calls, again = 0, True
    while again:
        again = bool(handler(event, short(5))["batchItemFailures"])
        calls += 1
        assert calls < MEMBERS
    assert calls > 2
    assert _written() == [path.name for path in pngs.paths[:MEMBERS]]
    assert len(outputs()) == MEMBERS


def test_a_shard_that_is_through_begins_anew_when_asked_for_again(
    inputs: str, shard: str, outputs: Records
) -> None:
    """Else records that somebody deleted to have them made again would never come."""
    event: Any = {"objects": [f"s3://{inputs}/{shard}"]}
    event = handler(event, short(5))["continuation"]
    while event:
        event = handler(event, None).get("continuation")
    for url in results.objects(str(scoring.settings().output)):
        store.delete(url)
    assert handler({"objects": [f"s3://{inputs}/{shard}"]}, None)["scored"] == MEMBERS
    assert len(outputs()) == MEMBERS


def test_a_checkpoint_that_cannot_be_read_costs_time_only(
    s3: S3, inputs: str, shard: str, outputs: Records
) -> None:
    """The shard is scored from its first member on, to the same ids."""
    event = shapes.queued(shapes.notification(inputs, shard))
    assert handler(event, short(5))["batchItemFailures"]
    place = str(scoring.settings().output)
    (begun,) = [one.source for one in store.list_objects(f"{place}_begun/")]
    assert json.loads(store.read(Subject(begun), max_bytes=99).data)["members"] > 0
    store.put(begun, b"[]")
    assert not handler(event, None)["batchItemFailures"]
    assert len(_written()) > MEMBERS
    assert len(outputs()) == MEMBERS


class Killed(BaseException):
    """As when a function's memory is used up: nothing of ours catches it."""


def _killed(steps: int) -> SimpleNamespace:
    """A context with time for so many questions, and then the end."""

    def left() -> int:
        nonlocal steps
        steps -= 1
        if steps < 0:
            raise Killed
        return 600_000

    return SimpleNamespace(get_remaining_time_in_millis=left, aws_request_id="r", function_name="f")


def _changes(inputs: str) -> int:
    event = {"changes": {"bucket": inputs, "prefix": "", "max_images": 100}}
    images: int = handler(event, None)["images"]
    return images


@pytest.mark.parametrize("flushed", [True, False], ids=["broken-off", "killed"])
def test_a_shard_that_broke_off_is_not_taken_for_done(
    flushed: bool, inputs: str, shard: str, outputs: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of its members have records: a nightly run takes it again, and a delivery goes on behind
    the last object of records that was full. Done, it is done.
    """
    monkeypatch.setattr(output, "MOST_RECORDS", 10)
    if not flushed:
        # A kill leaves no time for anything.
        monkeypatch.setattr(Checkpoints, "keep_open", lambda _: None)
    event = {"Items": [{"Bucket": inputs, "Key": shard}]}
    with pytest.raises(Killed):
        handler(event, _killed(25))
    assert 10 <= len(_written()) < MEMBERS
    assert _changes(inputs) == 1
    assert handler(event, None)["scored"] <= MEMBERS - 10
    assert len(outputs()) == MEMBERS
    assert _changes(inputs) == 0


def test_a_shard_that_broke_off_at_once_is_not_taken_for_done(
    inputs: str, shard: str, outputs: Records
) -> None:
    """Before any object of records was full."""
    event = {"Items": [{"Bucket": inputs, "Key": shard}]}
    with pytest.raises(Killed):
        handler(event, _killed(9))
    assert 0 < len(_written()) < MEMBERS
    assert _changes(inputs) == 1
    assert handler(event, None)["scored"] == MEMBERS
    assert len(outputs()) == MEMBERS
    assert _changes(inputs) == 0
