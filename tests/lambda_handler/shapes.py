"""Real AWS events, from the JSON files beside this module, about the objects a test names."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

_EVENTS = Path(__file__).parent / "events"


def event(name: str) -> Any:
    """The event in `events/<name>.json`."""
    return json.loads((_EVENTS / f"{name}.json").read_text())


def names() -> list[str]:
    """Every event there is a file of."""
    return sorted(path.stem for path in _EVENTS.glob("*.json"))


def notification(
    bucket: str, *keys: str, etag: str | None = None, version: str | None = None
) -> dict[str, Any]:
    """An S3 notification of new objects; S3 encodes keys there as in a form, `/` excepted."""
    whole: dict[str, Any] = event("s3_put")
    (template,) = whole["Records"]
    whole["Records"] = [_about(template, bucket, key, etag, version) for key in keys]
    return whole


def queued(*bodies: Any) -> dict[str, Any]:
    """An SQS event with a message for each body: `message-0`, `message-1`, ..."""
    whole: dict[str, Any] = event("sqs")
    (template,) = whole["Records"]
    whole["Records"] = [
        template
        | {"messageId": f"message-{n}", "body": body if isinstance(body, str) else json.dumps(body)}
        for n, body in enumerate(bodies)
    ]
    return whole


def published(body: Any) -> dict[str, Any]:
    """An SNS event that carries `body`."""
    whole: dict[str, Any] = event("sns")
    whole["Records"][0]["Sns"]["Message"] = json.dumps(body)
    return whole


def enveloped(body: Any) -> dict[str, Any]:
    """What SNS puts into a queue, unless told to deliver raw."""
    whole: dict[str, Any] = event("sns_envelope")
    return whole | {"Message": json.dumps(body)}


def bridged(
    bucket: str, key: str, *, etag: str | None = None, version: str | None = None
) -> dict[str, Any]:
    """EventBridge's event of a new object; the key is as it is."""
    whole: dict[str, Any] = event("eventbridge_created")
    whole["detail"]["bucket"]["name"] = bucket
    _fill(whole["detail"]["object"], {"key": key, "etag": etag, "version-id": version})
    return whole


def tasks(
    bucket: str, *keys: str, schema: str = "1.0", version: str | None = None
) -> dict[str, Any]:
    """A request of S3 Batch Operations with a task for each key: `task-0`, `task-1`, ..."""
    whole: dict[str, Any] = event(f"batch_operations_{schema[0]}")
    (template,) = whole["tasks"]
    holder = {"s3BucketArn": f"arn:aws:s3:::{bucket}"} if schema == "1.0" else {"s3Bucket": bucket}
    whole["tasks"] = [
        template
        | holder
        | {"taskId": f"task-{n}", "s3Key": quote_plus(key, safe="/"), "s3VersionId": version}
        for n, key in enumerate(keys)
    ]
    return whole


def mapped(bucket: str, *keys: str, etag: str | None = None) -> dict[str, Any]:
    """A batch of items of a Distributed Map; keys are as they are, ETags in quotes."""
    whole: dict[str, Any] = event("distributed_map")
    (template,) = whole["Items"]
    whole["BatchInput"] = {"bucket": bucket}
    whole["Items"] = []
    for key in keys:
        item = copy.deepcopy(template)
        _fill(item, {"Key": key, "Etag": f'"{etag}"' if etag else None})
        whole["Items"].append(item)
    return whole


def selected(bucket: str, *keys: str, etag: str | None = None) -> dict[str, Any]:
    """A batch as our state machine makes it: each item names its bucket, and what is left is asked
    for.
    """
    whole = mapped(bucket, *keys, etag=etag)
    whole["Items"] = [{"Bucket": bucket, **item} for item in whole["Items"]]
    return whole | {"BatchInput": {"continue": True}}


def inventoried(bucket: str, *keys: str, etag: str | None = None) -> dict[str, Any]:
    """A batch of rows of an S3 Inventory: keys are encoded, all values are texts."""
    fields = {"Size": "394", "ETag": etag or ""}
    rows = [{"Bucket": bucket, "Key": quote_plus(key, safe="/"), **fields} for key in keys]
    return {"Items": [{"row": row, "encoding": "url"} for row in rows]}


def _about(
    template: Any, bucket: str, key: str, etag: str | None, version: str | None
) -> dict[str, Any]:
    record: dict[str, Any] = copy.deepcopy(template)
    record["s3"]["bucket"] |= {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}
    named = {"key": quote_plus(key, safe="/"), "eTag": etag, "versionId": version}
    _fill(record["s3"]["object"], named)
    return record


def _fill(thing: dict[str, Any], fields: dict[str, str | None]) -> None:
    for name, value in fields.items():
        thing.pop(name, None)
        if value is not None:
            thing[name] = value
