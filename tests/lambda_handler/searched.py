"""What a search for changes is asked and answers, and records that it finds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lambda_handler import scoring
from litescore import store
from litescore.errors import PermanentError, SupersededError
from litescore.record import Record, Subject
from tests.rig.seaweed import S3

# Of both a name of an object shows the same first letters.
MODEL = "a" * 64
OTHER = MODEL[:12] + "b" * 52
Find = Callable[..., dict[str, Any]]


def never() -> bool:
    return False


def items_of(answer: dict[str, Any]) -> list[dict[str, str]]:
    """The items that a Map reads from the answer's manifest."""
    place = answer["manifest"]
    url = f"s3://{place['bucket']}/{place['key']}"
    lines = store.read(Subject(url), max_bytes=10**7).data.splitlines()
    assert len(lines) == answer["images"]
    return [json.loads(line) for line in lines]


def listed(answer: dict[str, Any]) -> list[str]:
    """The keys of the answer's manifest, in its order."""
    return [item["Key"] for item in items_of(answer)]


def put(s3: S3, bucket: str, *keys: str, body: bytes = b"image") -> None:
    for key in keys:
        s3.client.put_object(Bucket=bucket, Key=key, Body=body)


def remember(
    bucket: str,
    *keys: str,
    status: str = "failed",
    model: str = MODEL,
    day: str | None = None,
    number: int = 0,
) -> None:
    """Records of the objects as they are, in one file."""
    lines = []
    for entry in store.list_objects(f"s3://{bucket}/"):
        if entry.source.split("/", 3)[3] in keys:
            lines.append(made(entry.subject, status, model).to_json())
    day = day or datetime.now(UTC).date().isoformat()
    name = f"{scoring.destination()}dt={day}/{model[:12]}-{number:064x}.jsonl.gz"
    store.put(name, gzip.compress("\n".join([*lines, ""]).encode()))


def made(subject: Subject, status: str, model: str) -> Record:
    if status == "superseded":
        return Record.superseded(subject, SupersededError("changed"), model=model)
    return Record.failed(subject, PermanentError("corrupt", "no image"), model=model)
