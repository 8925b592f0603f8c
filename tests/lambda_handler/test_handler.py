"""The handler against a real S3 server: records, replies, faults."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lambda_handler import handler, scoring
from litescore import results
from litescore.errors import ConfigurationError, TransientError, UnknownEvent
from tests.lambda_handler import shapes
from tests.lambda_handler.conftest import Records, upload
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import Fault, StubS3


def test_a_notification_becomes_records(s3: S3, inputs: str, outputs: Records, pngs: Pngs) -> None:
    """One record an image, in one object, with a summary as the reply."""
    keys = upload(s3, inputs, pngs)
    reply = handler(shapes.notification(inputs, *keys), None)
    assert (reply["scored"], reply["failed"], len(reply["outputs"])) == (5, 0, 1)
    records = outputs()
    assert [record.source for record in records] == [f"s3://{inputs}/{key}" for key in keys]
    assert all(record.model == scoring.prepare().digest for record in records)


def test_messages_are_answered_one_by_one(
    s3: S3, inputs: str, outputs: Records, pngs: Pngs
) -> None:
    """A poisoned image is a record; only a message that cannot be read comes back."""
    keys = upload(s3, inputs, pngs, 3)
    s3.client.put_object(Bucket=inputs, Key="bad.png", Body=b"hello")
    bodies = [shapes.notification(inputs, key) for key in (*keys, "bad.png", "missing.png")]
    event = shapes.queued(*bodies, "not json", shapes.event("s3_test_event"))
    assert handler(event, None) == {"batchItemFailures": [{"itemIdentifier": "message-5"}]}
    kinds = {record.source.rpartition("/")[2]: record.kind for record in outputs()}
    assert kinds == dict.fromkeys(keys) | {"bad.png": "unsupported", "missing.png": "gone"}


def test_the_test_event_is_acknowledged(inputs: str, outputs: Records) -> None:
    """Nothing is scored and nothing written."""
    assert handler(shapes.event("s3_test_event"), None) == {"ok": True}
    assert outputs() == []


def test_direct_calls(s3: S3, inputs: str, outputs: Records, pngs: Pngs) -> None:
    """A prefix is listed; objects are read as named."""
    keys = upload(s3, inputs, pngs)
    assert handler({"prefix": f"s3://{inputs}/"}, None)["scored"] == len(keys)
    assert handler({"objects": [f"s3://{inputs}/{keys[0]}"]}, None)["scored"] == 1
    assert len(outputs()) == len(keys)


def test_delivered_again_writes_nothing_again(s3: S3, inputs: str, pngs: Pngs) -> None:
    """The same batch makes the same object; another order of it too."""
    keys = upload(s3, inputs, pngs)
    place = str(scoring.settings().output)
    handler(shapes.notification(inputs, *keys), None)
    before = results.objects(place)
    handler(shapes.notification(inputs, *keys), None)
    handler(shapes.notification(inputs, *reversed(keys)), None)
    assert results.objects(place) == before


def test_overwritten_since_the_event(s3: S3, inputs: str, outputs: Records, pngs: Pngs) -> None:
    """The object that the event spoke of is gone: superseded, not scored as if it were the same."""
    (key,) = upload(s3, inputs, pngs, 1)
    handler(shapes.notification(inputs, key, etag="0" * 32), None)
    assert [record.status for record in outputs()] == ["superseded"]


def test_out_of_time_hands_the_rest_back(s3: S3, inputs: str, pngs: Pngs) -> None:
    """What was not begun before the deadline is delivered again; nothing is lost."""
    keys = upload(s3, inputs, pngs)
    event = shapes.queued(*(shapes.notification(inputs, key) for key in keys))
    reply = handler(event, SimpleNamespace(get_remaining_time_in_millis=lambda: 500))
    assert len(reply["batchItemFailures"]) == len(keys)
    with pytest.raises(TransientError, match="5 images left"):
        handler(
            shapes.notification(inputs, *keys),
            SimpleNamespace(get_remaining_time_in_millis=lambda: 500),
        )


def test_unknown_shapes_are_refused(inputs: str) -> None:
    """An event that is none of ours is an error, so that AWS keeps it."""
    with pytest.raises(UnknownEvent, match="Records of 'aws:kinesis'"):
        handler({"Records": [{"eventSource": "aws:kinesis"}]}, None)


def test_a_missing_bucket_is_named(inputs: str, stub: StubS3, monkeypatch: Any) -> None:
    """Neither a record nor a partial reply can mend a bucket that is not there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stub.endpoint)
    with pytest.raises(ConfigurationError, match="no bucket 'nowhere'"):
        handler(shapes.queued(shapes.notification("nowhere", "a.png")), None)


def test_one_denied_object_fails_alone_and_all_denied_is_an_error(faulty: StubS3) -> None:
    """One closed key is a record; a closed bucket is said loudly and leaves no records."""
    faulty.faults = [Fault(status=403, key="a.png")]
    reply = handler(shapes.notification("stub", "a.png", "b.png"), None)
    assert (reply["scored"], reply["failed"]) == (1, 1)

    written = len(faulty.objects)
    faulty.faults = [Fault(status=403, method="GET")]
    with pytest.raises(ConfigurationError, match=r"every object is denied.*s3:GetObject"):
        handler(shapes.notification("stub", "a.png", "b.png"), None)
    assert len(faulty.objects) == written


def test_a_broken_store_brings_the_message_back(faulty: StubS3) -> None:
    """A message with one image that S3 could not give is delivered again; its neighbours are done."""
    faulty.faults = [Fault(status=500, key="a.png")]
    event = shapes.queued(*(shapes.notification("stub", key) for key in ("a.png", "b.png")))
    assert handler(event, None) == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert [record.source for record in results.read("s3://stub/records/")] == ["s3://stub/b.png"]


def test_a_model_from_s3_is_pinned_by_its_digest(
    s3: S3, inputs: str, int8_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An s3:// model loads; another than the pinned one is refused, a missing one named."""
    s3.client.put_object(Bucket=inputs, Key="model.tflite", Body=int8_model.read_bytes())
    monkeypatch.setenv("LITESCORE_MODEL", f"s3://{inputs}/model.tflite")
    assert scoring.prepare().contract.variant == "int8"
    scoring.prepare.cache_clear()
    scoring.settings.cache_clear()
    monkeypatch.setenv("LITESCORE_MODEL_SHA256", "0" * 64)
    with pytest.raises(ConfigurationError, match="0000 is pinned"):
        scoring.prepare()
    scoring.settings.cache_clear()
    monkeypatch.setenv("LITESCORE_MODEL", f"s3://{inputs}/none.tflite")
    with pytest.raises(ConfigurationError, match=r"none\.tflite"):
        scoring.prepare()


def test_a_model_from_s3_is_pinned_by_its_version(
    s3: S3, inputs: str, int8_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version named is loaded though a newer one lies over it; one that is none is named."""
    s3.client.put_bucket_versioning(Bucket=inputs, VersioningConfiguration={"Status": "Enabled"})
    place = {"Bucket": inputs, "Key": "model.tflite"}
    version = s3.client.put_object(**place, Body=int8_model.read_bytes())["VersionId"]
    s3.client.put_object(**place, Body=b"no model")
    monkeypatch.setenv("LITESCORE_MODEL", f"s3://{inputs}/model.tflite")
    monkeypatch.setenv("LITESCORE_MODEL_VERSION", version)
    assert scoring.prepare().contract.variant == "int8"
    scoring.prepare.cache_clear()
    scoring.settings.cache_clear()
    monkeypatch.delenv("LITESCORE_MODEL_VERSION")
    with pytest.raises(ConfigurationError, match="model"):
        scoring.prepare()
    scoring.settings.cache_clear()
    monkeypatch.setenv("LITESCORE_MODEL_VERSION", "0" * 32)
    with pytest.raises(ConfigurationError, match=r"cannot read the model .*model\.tflite"):
        scoring.prepare()


def test_a_version_of_a_model_in_the_zip_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file has no versions, so the setting was meant for another model."""
    monkeypatch.setenv("LITESCORE_MODEL_VERSION", "0" * 32)
    scoring.settings.cache_clear()
    with pytest.raises(ConfigurationError, match="not in S3: unset LITESCORE_MODEL_VERSION"):
        scoring.prepare()


def test_no_output_is_a_configuration_error(inputs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scoring without a place for records would lose them."""
    monkeypatch.delenv("LITESCORE_OUTPUT")
    with pytest.raises(ConfigurationError, match="LITESCORE_OUTPUT"):
        handler({"objects": [f"s3://{inputs}/a.png"]}, None)


@pytest.mark.parametrize(("prefix", "refused"), [("", True), ("rec", True), ("in/", False)])
def test_records_inside_the_input_are_refused_at_start(
    inputs: str, monkeypatch: pytest.MonkeyPatch, prefix: str, refused: bool
) -> None:
    """Before a model is loaded or an event seen: each record would set off the function again."""
    bucket = str(scoring.settings().output).split("/")[2]
    monkeypatch.setenv("LITESCORE_INPUT", f"s3://{bucket}/{prefix}")
    scoring.settings.cache_clear()
    if refused:
        with pytest.raises(ConfigurationError, match="records would be read as images, for ever"):
            scoring.prepare()
    else:
        assert scoring.prepare()
