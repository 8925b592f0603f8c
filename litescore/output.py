"""Writing records so that writing the same ones twice changes nothing.

An output object is `dt=<date>/<first 12 of model>-<digest>.jsonl.gz` (or .jsonl, or .csv). The digest is that of its
records' (id, status) pairs and the date that of the newest image in it, never the clock: a batch
delivered again makes the same name, and a name that exists is not written again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime

from litescore import store
from litescore.batch import Outcome
from litescore.packing import FORMS, Packer

# Records an object holds at most: a few megabytes, so that memory stays flat.
MOST_RECORDS = 10_000
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
        """Add an image; one without a record is to be tried again."""
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


def write_all(outcomes: Iterable[Outcome], place: str, form: str = "jsonl.gz") -> Summary:
    """Write the records of `outcomes` under the folder or s3:// prefix `place`.

    `form` is one of `litescore.packing.FORMS`. What has come out when `outcomes` raises is written
    all the same.
    """
    summary, part = Summary(), Part(form)
    try:
        for outcome in outcomes:
            summary.count(outcome)
            part.add(outcome)
            if part.records == MOST_RECORDS:
                full, part = part, Part(form)
                full.write(place, summary)
    finally:
        part.write(place, summary)
    return summary


class Part:
    """The records of one output object, packed as they come."""

    def __init__(self, form: str = "jsonl.gz") -> None:
        self._form = form
        self._packer: Packer = FORMS[form]()
        self._pairs: list[str] = []
        self._model = ""
        self._newest: datetime | None = None

    @property
    def records(self) -> int:
        """How many there are."""
        return len(self._pairs)

    def add(self, outcome: Outcome) -> None:
        """Take in the record of an outcome, if it has one."""
        record, modified = outcome.record, outcome.modified
        if record is None:
            return
        self._packer.add(record)
        self._pairs.append(f"{record.id} {record.status}")
        self._model = record.model
        if modified is not None and (self._newest is None or modified > self._newest):
            self._newest = modified

    @property
    def name(self) -> str:
        """The name of the object, in whatever order its records came."""
        digest = hashlib.sha256("\n".join(sorted(self._pairs)).encode()).hexdigest()
        date = (self._newest or _NO_DATE).astimezone(UTC).date().isoformat()
        return f"dt={date}/{self._model[:12]}-{digest}.{self._form}"

    def write(self, place: str, summary: Summary) -> None:
        """Make the object, unless there is one of its name or nothing to be written."""
        if self._pairs:
            url = f"{place.rstrip('/')}/{self.name}"
            store.create(url, self._packer.finish())
            summary.outputs.append(url)
