"""What a bucket holds: how many objects, how many bytes, and which came last."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Entry:
    """An object of a bucket; `size` in bytes."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True)
class Holding:
    """A bucket's current objects: their number and bytes, and the newest, the last first."""

    bucket: str
    objects: int
    size: int
    newest: tuple[Entry, ...]

    def as_json(self, shown: int) -> dict[str, Any]:
        """For the page's script: times in seconds since 1970, and at most `shown` of the newest."""
        newest = [
            {"key": one.key, "bytes": one.size, "at": one.modified.timestamp()}
            for one in self.newest[:shown]
        ]
        return {
            "bucket": self.bucket,
            "objects": self.objects,
            "bytes": self.size,
            "newest": newest,
        }


def holding(
    s3: Any, bucket: str, newest: int, counts: Callable[[Entry], bool] = lambda _: True
) -> Holding:
    """What the bucket holds now; so many of the newest by name, of those for which `counts` holds."""
    count = size = 0
    last: list[Entry] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        entries = [Entry(e["Key"], e["Size"], e["LastModified"]) for e in page.get("Contents", ())]
        count += len(entries)
        size += sum(one.size for one in entries)
        chosen = filter(counts, entries)
        last = heapq.nlargest(newest, [*last, *chosen], key=lambda one: one.modified)
    return Holding(bucket, count, size, tuple(last))
