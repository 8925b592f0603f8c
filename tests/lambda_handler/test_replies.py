"""What each form is answered: by task, by count, by continuation, or by an error."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any

import pytest

from lambda_handler import handler, scoring
from litescore import results, store
from litescore.errors import ConfigurationError, TransientError, UnknownEvent
from litescore.record import Subject
from tests.lambda_handler import shapes
from tests.lambda_handler.conftest import Records, upload
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import Fault, StubS3


def short(steps: int) -> SimpleNamespace:
    """A context with time for so many questions, then none."""
    left: Iterator[int] = chain(repeat(600_000, steps), repeat(0))
    return SimpleNamespace(
        get_remaining_time_in_millis=lambda: next(left),
        aws_request_id="request-0",
        function_name="litescore-test",
    )


@pytest.mark.parametrize("schema", ["1.0", "2.0"])
def test_tasks_are_answered_one_by_one(
    s3: S3, inputs: str, outputs: Records, pngs: Pngs, schema: str
) -> None:
    """Scored, broken, missing, a folder: each its result, and records of all but the folder."""
    (good,) = upload(s3, inputs, pngs, 1)
    s3.client.put_object(Bucket=inputs, Key="bad.png", Body=b"hello")
    event = shapes.tasks(inputs, good, "bad.png", "missing.png", "in/", schema=schema)
    reply = handler(event, None)
    assert reply["invocationSchemaVersion"] == schema
    assert reply["invocationId"] == event["invocationId"]
    codes = {one["taskId"]: one["resultCode"] for one in reply["results"]}
    assert codes == {
        "task-0": "Succeeded",
        "task-1": "PermanentFailure",
        "task-2": "PermanentFailure",
        "task-3": "Succeeded",
    }
    texts = [one["resultString"] for one in reply["results"]]
    assert str(outputs()[0].label) in texts[0]
    assert texts[1].startswith("unsupported: ")
    assert texts[2].startswith("gone: ")
    assert len(outputs()) == 3


def test_a_task_that_s3_could_not_give_is_tried_again(faulty: StubS3) -> None:
    """TemporaryFailure is how S3 Batch Operations is asked once more."""
    faulty.faults = [Fault(status=500, key="a.png")]
    reply = handler(shapes.tasks("stub", "a.png", "b.png"), None)
    codes = [one["resultCode"] for one in reply["results"]]
    assert codes == ["TemporaryFailure", "Succeeded"]


def test_tasks_without_time_are_tried_again(s3: S3, inputs: str, pngs: Pngs) -> None:
    """None is answered as done that was not begun."""
    keys = upload(s3, inputs, pngs)
    reply = handler(shapes.tasks(inputs, *keys), short(0))
    assert {one["resultCode"] for one in reply["results"]} == {"TemporaryFailure"}
    assert len(reply["results"]) == len(keys)


def test_a_batch_of_a_distributed_map(s3: S3, inputs: str, outputs: Records, pngs: Pngs) -> None:
    """Counts; an error where time ran out, which the Map's Retry takes up."""
    keys = upload(s3, inputs, pngs)
    reply = handler(shapes.mapped(inputs, *keys), None)
    assert (reply["scored"], reply["left"]) == (len(keys), 0)
    assert len(outputs()) == len(keys)
    with pytest.raises(TransientError, match="5 images left"):
        handler(shapes.mapped(inputs, *keys), short(0))


def test_a_batch_that_asks_for_the_rest_is_done_in_turns(
    s3: S3, inputs: str, outputs: Records, pngs: Pngs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As our state machine goes round: the answer is the next event until nothing is left, whatever
    time an invocation has; where none of it gets done, an error, for the Map's Retry to wait.
    """
    monkeypatch.setenv("LITESCORE_THREADS", "1")
    monkeypatch.setenv("LITESCORE_BATCH", "1")
    scoring.settings.cache_clear()
    scoring.prepare.cache_clear()
    keys = upload(s3, inputs, pngs, 12)
    event: Any = shapes.selected(inputs, *keys)
    with pytest.raises(TransientError, match="12 images left"):
        handler(event, short(0))
    scored, calls = 0, 0
    while "Items" in event:
        event = json.loads(json.dumps(handler(event, short(3))))
        scored, calls = scored + event["scored"], calls + 1
        assert calls < 12
    assert calls > 2
    assert scored == len(outputs()) == len(keys)


def test_an_object_named_twice_is_scored_once(
    s3: S3, inputs: str, outputs: Records, pngs: Pngs
) -> None:
    """Two messages about one object: one line, and both messages are done."""
    (key,) = upload(s3, inputs, pngs, 1)
    note = shapes.notification(inputs, key)
    assert handler(shapes.queued(note, note), None) == {"batchItemFailures": []}
    (url,) = results.objects(str(scoring.settings().output))
    # The lines themselves: reading records back leaves out those that come twice.
    lines = gzip.decompress(store.read(Subject(url), max_bytes=10**6).data).splitlines()
    assert len(outputs()) == len(lines) == 1


@pytest.mark.parametrize("form", ["prefix", "manifest", "objects"])
def test_a_continuation_does_the_rest(
    s3: S3,
    inputs: str,
    outputs: Records,
    pngs: Pngs,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    """Sent back until there is none, every image has one record, and none was scored twice."""
    monkeypatch.setenv("LITESCORE_THREADS", "1")
    monkeypatch.setenv("LITESCORE_BATCH", "1")
    scoring.settings.cache_clear()
    scoring.prepare.cache_clear()
    keys = upload(s3, inputs, pngs, 12, folder="in/")
    lines = "".join(f"{json.dumps({'bucket': inputs, 'key': key})}\n" for key in keys)
    s3.client.put_object(Bucket=inputs, Key="list.jsonl", Body=lines.encode())
    event: Any = {
        "prefix": {"prefix": f"s3://{inputs}/in/"},
        "manifest": {"manifest": f"s3://{inputs}/list.jsonl"},
        "objects": {"objects": [f"s3://{inputs}/{key}" for key in keys]},
    }[form]
    scored, calls = 0, 0
    while event:
        reply = handler(json.loads(json.dumps(event)), short(3))
        scored, calls = scored + reply["scored"], calls + 1
        event = reply.get("continuation")
        assert calls < 12
        # What a listing still holds is not taken in only to be handed back.
        assert form == "objects" or reply["left"] == 0
    assert calls > 2
    assert scored == len(keys)
    assert sorted(record.source for record in outputs()) == [f"s3://{inputs}/{k}" for k in keys]


def test_a_call_hands_back_what_s3_could_not_give(faulty: StubS3) -> None:
    """The listing is done, one image of it is not."""
    faulty.faults = [Fault(status=500, key="a.png")]
    objects = [{"bucket": "stub", "key": "a.png", "version": "7"}, "s3://stub/b.png"]
    reply = handler({"objects": objects}, None)
    assert (reply["scored"], reply["left"]) == (1, 1)
    assert reply["continuation"] == {"objects": objects[:1]}


def test_a_manifest_of_local_paths_is_refused(s3: S3, inputs: str) -> None:
    """A list from a bucket must not read the function's own files."""
    body = b'{"source": "/etc/hostname"}\n'
    s3.client.put_object(Bucket=inputs, Key="list.jsonl", Body=body)
    with pytest.raises(UnknownEvent, match="not in S3"):
        handler({"manifest": f"s3://{inputs}/list.jsonl"}, None)


@pytest.mark.parametrize("prefix", ["", "rec", "records/"])
def test_output_inside_what_is_read_is_refused(
    s3: S3, inputs: str, pngs: Pngs, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    """Before anything is scored: else records would become images, for ever."""
    upload(s3, inputs, pngs)
    monkeypatch.setenv("LITESCORE_OUTPUT", f"s3://{inputs}/records")
    with pytest.raises(ConfigurationError, match="records would be read as images"):
        handler({"prefix": f"s3://{inputs}/{prefix}"}, None)
    assert results.objects(f"s3://{inputs}/records") == []


def test_an_event_about_a_record_ends_the_circle(
    s3: S3, inputs: str, pngs: Pngs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Output in the input bucket is allowed beside the images; its own events are refused."""
    (key,) = upload(s3, inputs, pngs, 1)
    monkeypatch.setenv("LITESCORE_OUTPUT", f"s3://{inputs}/records/")
    handler(shapes.queued(shapes.notification(inputs, key)), None)
    (url,) = results.objects(f"s3://{inputs}/records/")
    record = url.removeprefix(f"s3://{inputs}/")
    with pytest.raises(ConfigurationError, match="is one of our records"):
        handler(shapes.queued(shapes.notification(inputs, record)), None)
    assert results.objects(f"s3://{inputs}/records/") == [url]
