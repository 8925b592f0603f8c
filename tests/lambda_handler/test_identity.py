"""From event form to record id and output name: one table for all forms.

Whatever form named an object, the same object and model make the same id and the same output
name, so that nothing is counted twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

import lambda_handler
from lambda_handler import events, scoring
from litescore import output, results
from litescore.batch import Outcome
from litescore.errors import SupersededError
from litescore.record import Record, Subject
from tests.lambda_handler import shapes
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import etag

KEY = "in/a b+c%2Bé😀.png"
Form = Callable[[str, str, str], Any]

# form -> the event about (bucket, ETag, version id) of the object KEY
FORMS: dict[str, Form] = {
    "S3 notification": lambda b, e, v: shapes.notification(b, KEY, etag=e, version=v),
    "S3 notification without a version": lambda b, e, _: shapes.notification(b, KEY, etag=e),
    "S3 notification without an ETag": lambda b, _e, _v: shapes.notification(b, KEY),
    "S3 notification with a quoted ETag": lambda b, e, _: shapes.notification(
        b, KEY, etag=f'"{e}"'
    ),
    "SQS": lambda b, e, v: shapes.queued(shapes.notification(b, KEY, etag=e, version=v)),
    "objects, as URL": lambda b, _e, _v: {"objects": [f"s3://{b}/{KEY}"]},
    "objects, as bucket and key": lambda b, e, v: {
        "objects": [{"bucket": b, "key": KEY, "etag": e, "version": v}]
    },
    "prefix": lambda b, _e, _v: {"prefix": f"s3://{b}/in/"},
    "SNS": lambda b, e, v: shapes.published(shapes.notification(b, KEY, etag=e, version=v)),
    "SNS in SQS": lambda b, e, v: shapes.queued(
        shapes.enveloped(shapes.notification(b, KEY, etag=e, version=v))
    ),
    "EventBridge": lambda b, e, v: shapes.bridged(b, KEY, etag=e, version=v),
    "EventBridge in SQS": lambda b, e, v: shapes.queued(shapes.bridged(b, KEY, etag=e, version=v)),
    "S3 Batch Operations 1.0": lambda b, _, v: shapes.tasks(b, KEY, version=v),
    "S3 Batch Operations 2.0": lambda b, _e, _v: shapes.tasks(b, KEY, schema="2.0"),
    "Distributed Map": lambda b, e, _: shapes.mapped(b, KEY, etag=e),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_makes_the_same_id_and_name(
    s3: S3, versioned_bucket: str, inputs: str, pngs: Pngs, form: str
) -> None:
    """The id is SHA-256 of model, source, member and ETag; the name is that of ids and date."""
    body = pngs.paths[0].read_bytes()
    put = s3.client.put_object(Bucket=versioned_bucket, Key=KEY, Body=body)
    event = FORMS[form](versioned_bucket, etag(body), put["VersionId"])
    lambda_handler.handler(event, None)

    place = str(scoring.settings().output)
    (record,) = results.read(place)
    model = scoring.prepare().digest
    source = f"s3://{versioned_bucket}/{KEY}"
    assert record.source == source
    assert record.id == _sha256(json.dumps([model, source, None, etag(body)], ensure_ascii=False))
    head = s3.client.head_object(Bucket=versioned_bucket, Key=KEY)
    date = head["LastModified"].date().isoformat()
    digest = _sha256(f"{record.id} scored")
    assert results.objects(place) == [f"{place}dt={date}/{model[:12]}-{digest}.jsonl.gz"]


def test_forms_cover_the_classifier() -> None:
    """A form that is added without a row here goes red."""
    seen = {events.classify(form("b", "e", "v")) for form in FORMS.values()}
    every = {value for name, value in vars(events).items() if name.isupper() and name[0] != "_"}
    # The others name no object by key and ETag, or come inside a message only.
    others = {events.TEST, events.SNS_ENVELOPE, events.VERIFY, events.CHANGES, events.CHANGED}
    assert seen == every - others


def test_id_and_name_are_those_of_yesterday() -> None:
    """Written down once: a change of either would count every image a second time."""
    subject = Subject("s3://bucket/a b.png", etag="0cc175b9c0f1b6a831c399e269772661")
    record = Record.superseded(subject, SupersededError("changed"), model="f" * 64)
    assert record.id == "958733b059a4ee0362104da1a65841d0d2272b99a048179d4562e3daa7ee2b8e"
    part = output.Part()
    part.add(Outcome(subject, record, modified=datetime(2026, 3, 4, 23, 59, tzinfo=UTC)))
    assert part.name == (
        "dt=2026-03-04/ffffffffffff-"
        "96af008e23b12f92e027f25588866f9a987382a677ea261b13d73b5c7252a192.jsonl.gz"
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
