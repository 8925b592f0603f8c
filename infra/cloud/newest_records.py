"""The newest records of a stack, without reading all of them."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from infra.cloud.account import Account
from infra.cloud.refusals import told
from infra.cloud.stack import Stack
from litescore import results
from litescore.store import s3

# Of the newest day no more than this is looked at, a thousand objects a page.
_PAGES = 20


def newest(account: Account, stack: Stack, count: int) -> list[dict[str, Any]]:
    """Up to so many records, the latest first: source, status, label, score, kind and time.

    Looked for in the newest day's objects only.
    """
    bucket, prefix = s3.split(stack.outputs["Output"])
    client = account.client("s3")
    with told(f"cannot read the records in {stack.outputs['Output']}"):
        objects = sorted(
            _of_newest_day(client, bucket, prefix), key=lambda entry: entry["LastModified"]
        )
        with tempfile.TemporaryDirectory(prefix="litescore-status-") as folder:
            for number, entry in enumerate(objects[-count:]):
                path = Path(folder) / f"{number}.jsonl.gz"
                client.download_file(bucket, entry["Key"], str(path))
            found = sorted(results.read(folder), key=lambda record: record.at, reverse=True)
    names = ("source", "member", "status", "label", "score", "kind", "at")
    return [{name: getattr(record, name) for name in names} for record in found[:count]]


def _of_newest_day(client: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_objects_v2")
    days = [
        day["Prefix"]
        for page in pages.paginate(Bucket=bucket, Prefix=f"{prefix}dt=", Delimiter="/")
        for day in page.get("CommonPrefixes", [])
    ]
    if not days:
        return []
    found = pages.paginate(Bucket=bucket, Prefix=max(days))
    return [entry for page in islice(found, _PAGES) for entry in page.get("Contents", [])]
