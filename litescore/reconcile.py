"""The balance of inputs against records: nothing lost, nothing double.

An image is what a listing names: a source under an ETag. It is accounted for by one record, scored
or failed, of that source and ETag. A record without an ETag (the object could not be read, and
the event named none) stands for the source under whatever ETag; so does a listing without one.
A shard is accounted for by the records of its members, of which each is one image.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from litescore import scratch
from litescore.record import Record, Subject

# An ETag that is not known is the empty one: of NULLs no two are the same to a unique key. A listing
# without ETags may mean several objects, one after the other under one name: hence the last line.
_SCHEMA = """
create table listed (source blob, etag blob, primary key (source, etag)) without rowid;
create table claim (
  number integer primary key, source blob, etag blob, member blob, model blob, id blob, status text
);
create view kept as
  select listed.source, listed.etag, claim.etag as claimed, member, model, id, number
  from listed join claim on claim.source = listed.source
    and (claim.etag in (listed.etag, x'') or listed.etag = x'')
  where status != 'superseded';
create view missing as
  select source, etag from listed where not exists (
    select 1 from kept where kept.source = listed.source and kept.etag = listed.etag);
create view superseded as select number from claim where status = 'superseded';
create view unlisted as
  select number from claim where status != 'superseded' and not exists (
    select 1 from kept where kept.number = claim.number);
create view double as
  select source, etag, member, group_concat(hex(id), ' ') as ids from kept
  group by source, etag, member, model
  having count(*) > max(1, count(distinct nullif(claimed, x'')));
"""
# After the rows: sorting them once costs less than keeping them sorted.
_BY_SOURCE = "create index claim_source on claim (source)"
_ADD = "insert into claim (source, etag, member, model, id, status) values (?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Double:
    """An image that several records claim: their ids differ, so nothing tells which one holds."""

    subject: Subject
    ids: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The image and the ids as plain JSON values."""
        one = self.subject
        return {"source": one.source, "member": one.member, "etag": one.etag, "ids": [*self.ids]}


@dataclass(frozen=True)
class Balance:
    """What a listing and the records for it come to.

    listed      images of the listing, each once
    missing     how many of them have no scored or failed record
    double      how many have more than one that differ by id
    superseded  superseded records: told beside, they account for nothing
    unlisted    scored and failed records of images not listed: deleted or overwritten since
    first_missing, first_double  some of them, in order of name
    """

    listed: int
    missing: int
    double: int
    superseded: int
    unlisted: int
    first_missing: tuple[Subject, ...]
    first_double: tuple[Double, ...]

    @property
    def holds(self) -> bool:
        return not self.missing and not self.double

    def as_json(self) -> dict[str, object]:
        """The balance as plain JSON values."""
        return {
            "balanced": self.holds,
            "listed": self.listed,
            "missing": self.missing,
            "double": self.double,
            "superseded": self.superseded,
            "unlisted": self.unlisted,
            "missing_images": [{"source": s.source, "etag": s.etag} for s in self.first_missing],
            "double_images": [double.as_json() for double in self.first_double],
        }

    def sentence(self) -> str:
        """One line for a person."""
        parts = [f"{self.missing:,} missing", f"{self.double:,} double"]
        parts += [f"{self.superseded:,} superseded"] if self.superseded else []
        parts += [f"{self.unlisted:,} not listed"] if self.unlisted else []
        # Sources are compared as text: `photos` is not `/home/me/photos`.
        other = self.unlisted and self.listed == self.missing
        hint = "; name the inputs as they were scored" if other else ""
        return f"{self.listed:,} listed: {', '.join(parts)}{hint}"


def balance(inputs: Iterable[Subject], records: Iterable[Record], *, show: int = 20) -> Balance:
    """Hold `inputs` against `records`, of which each id comes once (see `litescore.results.read`).

    Both are kept on disk, in the temporary folder, so that memory stays flat. `show` bounds how
    many of the missing and of the double are named.
    """
    with scratch.database(_SCHEMA) as db:
        db.executemany("insert or ignore into listed values (?, ?)", map(_listed, inputs))
        db.executemany(_ADD, map(_claim, records))
        db.execute(_BY_SOURCE)
        return Balance(
            listed=_count(db, "select count(*) from listed"),
            missing=_count(db, "select count(*) from missing"),
            double=_count(db, "select count(*) from double"),
            superseded=_count(db, "select count(*) from superseded"),
            unlisted=_count(db, "select count(*) from unlisted"),
            first_missing=tuple(islice(_missing(db), show)),
            first_double=tuple(islice(_doubles(db), show)),
        )


def _listed(subject: Subject) -> tuple[bytes, bytes]:
    return scratch.key(subject.source), scratch.key(subject.etag or "")


def _claim(record: Record) -> tuple[bytes | str, ...]:
    values = (record.source, record.etag, record.member, record.model, record.id)
    return *(scratch.key(value or "") for value in values), record.status


def _count(db: sqlite3.Connection, query: str) -> int:
    (number,) = db.execute(query).fetchone()
    return int(number)


def _missing(db: sqlite3.Connection) -> Iterator[Subject]:
    for source, etag in db.execute("select source, etag from missing order by 1, 2"):
        yield Subject(scratch.text(source), etag=scratch.text(etag) or None)


def _doubles(db: sqlite3.Connection) -> Iterator[Double]:
    for *words, ids in db.execute("select source, member, etag, ids from double order by 1, 2, 3"):
        source, member, etag = map(scratch.text, words)
        claims = sorted(scratch.text(bytes.fromhex(one)) for one in ids.split())
        yield Double(Subject(source, member or None, etag or None), tuple(claims))
