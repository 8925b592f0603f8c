"""Writing records so that writing the same ones twice changes nothing.

An output object is `dt=<date>/<first 12 of model>-<digest>.jsonl.gz` (or .jsonl, or .csv). The digest is that of its
records' (id, status) pairs and the date that of the newest image in it, never the clock: a batch
delivered again makes the same name, and a name that exists is not written again.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from litescore import store
from litescore.batch import Outcome
from litescore.record import Record

# Records an object holds at most: a few megabytes, so that memory stays flat.
MOST_RECORDS = 10_000
COLUMNS = (
    "id", "source", "member", "etag", "version", "status", "label", "score", "top", "kind",
    "reason", "model", "at",
)  # fmt: skip
# What no image gave a date for, say when all of a batch are gone.
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Summary:
    """What a run did: counts by status, what to try again, and the objects written."""

    scored: int = 0
    failed: int = 0
    superseded: int = 0
    skipped: int = 0
    retry: list[Outcome] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        if outcome.record is None:
            self.retry.append(outcome)
        else:
            status = outcome.record.status
            setattr(self, status, getattr(self, status) + 1)

    def add(self, other: Summary) -> None:
        """What another process did, too."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))

    def as_json(self) -> dict[str, object]:
        """Counts, outputs and what is worth another try, as plain JSON values."""
        return {
            "scored": self.scored,
            "failed": self.failed,
            "superseded": self.superseded,
            "skipped": self.skipped,
            "outputs": self.outputs,
            "retry": [{"source": o.asked.source, "reason": str(o.retry)} for o in self.retry],
        }

    def sentence(self, place: str) -> str:
        """One line for a person."""
        parts = [f"{self.scored:,} scored", f"{self.failed:,} failed"]
        parts += [f"{self.superseded:,} superseded"] if self.superseded else []
        parts += [f"{self.skipped:,} done before"] if self.skipped else []
        parts += [f"{len(self.retry):,} to try again"] if self.retry else []
        return f"{', '.join(parts)}: records in {place}"


def name(records: Sequence[Record], newest: datetime | None, form: str = "jsonl.gz") -> str:
    """The name of the output object that holds these records, in whatever order they come."""
    pairs = sorted(f"{record.id} {record.status}" for record in records)
    digest = hashlib.sha256("\n".join(pairs).encode()).hexdigest()
    date = (newest or _NO_DATE).astimezone(UTC).date().isoformat()
    return f"dt={date}/{records[0].model[:12]}-{digest}.{form}"


def pack(records: Iterable[Record]) -> bytes:
    """Records as gzipped JSON lines; the same records, the same bytes."""
    return gzip.compress(_lines(records), compresslevel=6, mtime=0)


def _lines(records: Iterable[Record]) -> bytes:
    return "".join(f"{record.to_json()}\n" for record in records).encode()


def _table(records: Iterable[Record]) -> bytes:
    import csv

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for record in records:
        values = json.loads(record.to_json())
        values["top"] = json.dumps(values["top"], ensure_ascii=False)
        writer.writerow([values[column] for column in COLUMNS])
    return text.getvalue().encode(errors="backslashreplace")


# Ending of an object's name -> what packs its records.
FORMS: dict[str, Callable[[Iterable[Record]], bytes]] = {
    "jsonl.gz": pack,
    "jsonl": _lines,
    "csv": _table,
}


def write_all(outcomes: Iterable[Outcome], place: str, form: str = "jsonl.gz") -> Summary:
    """Write the records of `outcomes` under the folder or s3:// prefix `place`.

    `form` is one of FORMS; of a table the columns are COLUMNS, `top` as JSON. What has come out
    when `outcomes` raises is written all the same.
    """
    summary = Summary()
    part: list[Outcome] = []
    try:
        for outcome in outcomes:
            part.append(outcome)
            if len(part) == MOST_RECORDS:
                _write(part, place, form, summary)
                part = []
    finally:
        _write(part, place, form, summary)
    return summary


def _write(part: Sequence[Outcome], place: str, form: str, summary: Summary) -> None:
    for outcome in part:
        summary.count(outcome)
    records = [outcome.record for outcome in part if outcome.record is not None]
    if records:
        newest = max((o.modified for o in part if o.modified), default=None)
        url = f"{place.rstrip('/')}/{name(records, newest, form)}"
        store.create(url, FORMS[form](records))
        summary.outputs.append(url)
