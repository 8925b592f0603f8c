"""The handler where AWS's own runtime calls it: replies as JSON, the log as CloudWatch gets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.lambda_handler import shapes
from tests.lambda_handler.conftest import upload
from tests.rig.emulator import Emulator
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3

KEY = "in/a b+c%2Bé😀.png"


def test_forms_one_after_the_other_in_one_environment(
    s3: S3,
    bucket: str,
    int8_model: Path,
    pngs: Pngs,
    emulator: Callable[..., AbstractContextManager[Emulator]],
) -> None:
    """Each is answered in its way; of the lines of metrics the first is of a cold start."""
    (key,) = upload(s3, bucket, pngs, 1)
    s3.client.copy_object(Bucket=bucket, Key=KEY, CopySource={"Bucket": bucket, "Key": key})
    environ = dict(s3.environ) | {
        "LITESCORE_MODEL": str(int8_model),
        "LITESCORE_OUTPUT": f"s3://{s3.make_bucket()}/records/",
    }
    note = shapes.notification(bucket, KEY)
    with emulator(environ=environ) as function:
        _, queue = function.invoke(shapes.queued(shapes.enveloped(note), "no event"))
        _, tasks = function.invoke(shapes.tasks(bucket, KEY, schema="2.0"))
        _, counts = function.invoke(shapes.bridged(bucket, KEY))
        _, refused = function.invoke({"hello": 1})
        lines = function.log.read_text().splitlines()
    assert queue == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert [one["resultCode"] for one in tasks["results"]] == ["Succeeded"]
    assert (counts["scored"], len(counts["outputs"])) == (1, 1)
    assert refused["errorType"] == "UnknownEvent"

    metrics = [json.loads(line) for line in lines if line.startswith('{"_aws"')]
    assert [line["form"] for line in metrics] == ["SQS", "S3 Batch Operations", "EventBridge"]
    assert [line["cold_start"] for line in metrics] == [1, 0, 0]
    assert [line["scored"] for line in metrics] == [1, 1, 1]
    assert {line["function"] for line in metrics} == {"litescore-test"}
