"""The newest records of a bucket, read from the newest of its objects."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from infra.local.page.buckets import Entry, Holding
from litescore.errors import ConfigurationError
from litescore.record import Record

_SHOWN = 24
# Objects looked into; of a bigger one than so many bytes the page would be slow.
OBJECTS, _MOST = 24, 8 << 20


def holds_records(entry: Entry) -> bool:
    """Whether an object is one to look into."""
    return entry.key.endswith((".jsonl", ".jsonl.gz")) and entry.size <= _MOST


class Newest:
    """The newest records; what was read of an object once holds, since it never changes."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self._read: dict[str, list[Record]] = {}
        self._shown: dict[str, Record] = {}

    def look(self, holding: Holding) -> list[Record]:
        """Of the bucket that holds this, the last first; of records with one id the best."""
        self._read = {
            one.key: self._read.get(one.key) or self._records(holding.bucket, one.key)
            for one in holding.newest
        }
        found = _best(record for records in self._read.values() for record in records)
        self._shown = {record.id: record for record in _last(found)}
        return list(self._shown.values())

    def of(self, identity: str) -> Record | None:
        """One of those that were given last."""
        return self._shown.get(identity)

    def _records(self, bucket: str, key: str) -> list[Record]:
        data = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        try:
            lines = (gzip.decompress(data) if key.endswith(".gz") else data).splitlines()
            return _last(filter(_is_sound, map(Record.from_json, lines)))
        except (ConfigurationError, OSError, EOFError, zlib.error):
            # Somebody else's object: this page is no judge of it.
            return []


def _is_sound(record: Record) -> bool:
    """Whether its fields are of the kinds that the page counts on: anybody can put a line there, and
    one that is not as it should be would take the page away from all others.
    """
    texts = (record.id, record.source, record.status, record.at, record.model)
    may = (record.member, record.etag, record.label, record.kind, record.reason)
    best = [(one.get("label"), one.get("score")) for one in record.top if isinstance(one, Mapping)]
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(text, str | None) for text in may)
        and (record.score is None or _is_share(record.score))
        and len(best) == len(record.top)
        and all(isinstance(label, str) and _is_share(score) for label, score in best)
    )


def _is_share(score: object) -> bool:
    # NaN is no JSON, though Python reads and writes it.
    return isinstance(score, int | float) and 0 <= score <= 1


def shown(record: Record) -> dict[str, Any]:
    """As the page shows it."""
    bucket, _, key = record.source.removeprefix("s3://").partition("/")
    names = ("id", "member", "status", "label", "score", "kind", "reason", "at")
    told = {name: getattr(record, name) for name in names}
    return told | {"bucket": bucket, "key": key, "top": [dict(one) for one in record.top]}


def _best(records: Iterable[Record]) -> list[Record]:
    best: dict[str, Record] = {}
    for record in records:
        if record.id not in best or record.rank > best[record.id].rank:
            best[record.id] = record
    return list(best.values())


def _last(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.at, reverse=True)[:_SHOWN]
