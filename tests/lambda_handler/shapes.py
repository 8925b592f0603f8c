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


def notification(
    bucket: str, *keys: str, etag: str | None = None, version: str | None = None
) -> dict[str, Any]:
    """An S3 notification of new objects; S3 encodes keys there as in a form, `/` excepted."""
    whole = event("s3_put")
    (template,) = whole["Records"]
    whole["Records"] = [_about(template, bucket, key, etag, version) for key in keys]
    return whole


def queued(*bodies: Any) -> dict[str, Any]:
    """An SQS event with a message for each body: `message-0`, `message-1`, ..."""
    whole = event("sqs")
    (template,) = whole["Records"]
    whole["Records"] = [
        template
        | {"messageId": f"message-{n}", "body": body if isinstance(body, str) else json.dumps(body)}
        for n, body in enumerate(bodies)
    ]
    return whole


def _about(
    template: Any, bucket: str, key: str, etag: str | None, version: str | None
) -> dict[str, Any]:
    record: dict[str, Any] = copy.deepcopy(template)
    record["s3"]["bucket"] |= {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}
    thing = record["s3"]["object"]
    thing["key"] = quote_plus(key, safe="/")
    for field, value in (("eTag", etag), ("versionId", version)):
        thing.pop(field)
        if value is not None:
            thing[field] = value
    return record
