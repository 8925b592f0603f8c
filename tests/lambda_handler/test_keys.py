"""Hard keys through every form of event, on AWS's runtime and a real S3 server: the same records."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from lambda_handler import events
from tests.lambda_handler import account, shapes
from tests.rig.emulator import Emulator
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3

# The last is of 1,024 bytes, as many as S3 allows; of one name in it SeaweedFS takes 255.
KEYS = [
    "in/a b.png",
    "in/a+b.png",
    "in/a%2Bb.png",
    "in/a%20b.png",
    "in/é.png",
    "in/😀.png",
    "in/" + f"{'é' * 126}/" * 4 + "1024_.png",
]
Form = Callable[[str], Any]


def _raw(bucket: str) -> Any:
    return shapes.notification(bucket, *KEYS)


# Every way to name the objects KEYS of a bucket, and what says that all were scored.
FORMS: dict[str, Form] = {
    "S3 notification": _raw,
    "SNS": lambda b: shapes.published(_raw(b)),
    "SQS": lambda b: shapes.queued(*(shapes.notification(b, key) for key in KEYS)),
    "SNS in SQS, wrapped": lambda b: shapes.queued(shapes.enveloped(_raw(b))),
    "SNS in SQS, raw": lambda b: shapes.queued(_raw(b)),
    "EventBridge in SQS": lambda b: shapes.queued(*(shapes.bridged(b, key) for key in KEYS)),
    "S3 Batch Operations 1.0": lambda b: shapes.tasks(b, *KEYS),
    "S3 Batch Operations 2.0": lambda b: shapes.tasks(b, *KEYS, schema="2.0"),
    "Distributed Map": lambda b: shapes.mapped(b, *KEYS),
    "objects": lambda b: {"objects": [{"bucket": b, "key": key} for key in KEYS]},
    "objects as URLs": lambda b: {"objects": [f"s3://{b}/{key}" for key in KEYS]},
    "prefix": lambda b: {"prefix": f"s3://{b}/in/"},
    "JSON lines": lambda b: {"manifest": f"s3://{b}/list.jsonl"},
    "CSV": lambda b: {"manifest": f"s3://{b}/list.csv"},
}


def test_every_key_through_every_form(
    s3: S3,
    inputs: str,
    pngs: Pngs,
    emulator: Callable[..., AbstractContextManager[Emulator]],
) -> None:
    """Whatever form names them, all are scored under their raw keys: the first form writes one
    object, and the others find it there. EventBridge, which names one object, goes last.
    """
    assert max(len(key.encode()) for key in KEYS) == 1024
    body = pngs.paths[0].read_bytes()
    for key in KEYS:
        s3.client.put_object(Bucket=inputs, Key=key, Body=body)
    s3.client.put_object(Bucket=inputs, Key="list.jsonl", Body=_lines(inputs))
    s3.client.put_object(Bucket=inputs, Key="list.csv", Body=_table(inputs))
    with emulator(environ=account.environ()) as function:
        for form, event in FORMS.items():
            status, reply = function.invoke(event(inputs))
            assert (status, _all_scored(reply)) == (200, True), (form, reply)
            held = account.settle(inputs, *account.under(f"s3://{inputs}/in/"))
            assert (len(held.files), held.lines) == (1, len(KEYS)), form
        for key in KEYS:
            status, reply = function.invoke(shapes.bridged(inputs, key))
            assert (status, _all_scored(reply)) == (200, True), (key, reply)
    held = account.settle(inputs, *account.under(f"s3://{inputs}/in/"))
    assert held.balance.unlisted == 0
    assert sorted(r.source for r in held.records) == sorted(f"s3://{inputs}/{k}" for k in KEYS)
    assert {record.status for record in held.records} == {"scored"}


def test_the_forms_are_all_there_are() -> None:
    """A form that is added without a row here goes red."""
    seen = {events.classify(form("b")) for form in FORMS.values()} | {events.EVENTBRIDGE}
    every = {value for name, value in vars(events).items() if name.isupper() and name[0] != "_"}
    # These name no image by a key, or come inside a message only.
    others = {events.TEST, events.SNS_ENVELOPE, events.VERIFY, events.CHANGES, events.CHANGED}
    assert seen == every - others


def _all_scored(reply: Any) -> bool:
    if "results" in reply:
        return {one["resultCode"] for one in reply["results"]} == {"Succeeded"}
    if "batchItemFailures" in reply:
        return reply["batchItemFailures"] == []
    return (reply["failed"], reply["superseded"], reply["left"]) == (0, 0, 0)


def _lines(bucket: str) -> bytes:
    rows = [{"bucket": bucket, "key": key} for key in KEYS]
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def _table(bucket: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["source"])
    writer.writerows([f"s3://{bucket}/{key}"] for key in KEYS)
    return text.getvalue().encode()
