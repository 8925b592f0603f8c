"""Records that the page reads: whatever lies among them, the others are shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.page import records
from infra.local.page.buckets import holding
from litescore.errors import PermanentError
from litescore.record import Record, Subject
from tests.rig.seaweed import S3


def made(**fields: Any) -> str:
    """A line of a record, with these fields in place of its own."""
    subject = Subject("s3://b/a.png", etag="e")
    whole = Record.failed(subject, PermanentError("corrupt", "no image"), model="m" * 64)
    return json.dumps(json.loads(whole.to_json()) | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"at": 5},
        {"at": None},
        {"id": ["a"]},
        {"source": 7},
        {"label": {}},
        {"member": 5},
        {"top": [1]},
        {"top": "ab"},
        {"top": [{"label": "x"}]},
        {"top": [{"label": "x", "score": float("nan")}]},
        {"score": float("nan")},
        {"score": float("inf")},
        {"score": "0.5"},
    ],
    ids=str,
)
def test_a_record_of_another_kind_is_not_shown(s3: S3, fields: dict[str, Any]) -> None:
    """It neither ends the page nor makes what no browser reads."""
    bucket = s3.make_bucket()
    lines = [made(**fields), made(id="b" * 64)]
    s3.client.put_object(Bucket=bucket, Key="dt=2026-01-01/a.jsonl", Body="\n".join(lines).encode())
    found = records.Newest(s3.client).look(holding(s3.client, bucket, 9, records.holds_records))
    assert [record.id for record in found] == ["b" * 64]
    json.dumps([records.shown(record) for record in found], allow_nan=False)
