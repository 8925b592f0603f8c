"""Listed images and the records that claim them, on disk, and the questions put to both.

A claim meets an image of its source and member under the image's ETag. Where either has none it
meets whichever: but a failed claim without one says only that a name could not be read, and gives
way to any claim under the ETag. A superseded claim meets nothing. Claims may repeat an id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from litescore import scratch
from litescore.record import Record, Subject

# What is not known is the empty text: of NULLs no two are the same to a unique key.
_SCHEMA = """
create table listed (
  source blob, member blob, etag blob, primary key (source, member, etag)) without rowid;
create table shard (
  source blob, etag blob, opened integer, reason blob, primary key (source, etag)) without rowid;
create table claim (
  number integer primary key, source blob, member blob, model blob, etag blob, status text, id blob
);
"""
_SAME_ETAG = "(c.etag in (l.etag, x'') or l.etag = x'')"
_HOLDS = f"c.source = l.source and c.status != 'superseded' and {_SAME_ETAG}"
# After the rows: sorting them once costs less than keeping them sorted, and what is asked in the
# order of the index finds its neighbours in the cache.
_INDEX = """
create index claim_place on claim (source, member, model, etag, status);
"""
# l is what is listed, c a claim, d another.
_QUESTIONS = f"""
-- Shards that have a failed record of their own and none of a member: it stands for all of it.
create table alone (source blob, etag blob, primary key (source, etag)) without rowid;
insert into alone select source, etag from shard l
  where exists (select 1 from claim c where {_HOLDS} and c.member = x'' and c.status = 'failed')
  and not exists (select 1 from claim c where {_HOLDS} and c.member > x'');

-- A claim that may give way is looked at last: whether another holds takes another search.
create view missing as
  select source, member, etag from listed l where not exists (
    select 1 from claim c where {_HOLDS} and c.member = l.member and (
      c.etag = l.etag or l.etag = x'' or c.status = 'scored' or not exists (
        select 1 from claim d where d.source = l.source and d.etag = l.etag
        and d.status != 'superseded')))
    and not exists (select 1 from alone a where a.source = l.source and a.etag = l.etag)
  union all
  select source, x'', etag from shard l
  where not opened and not exists (select 1 from claim c where {_HOLDS});

create view unopened as
  select source, etag, reason from shard l where not opened and (
    reason is null or not exists (
      select 1 from alone a where a.source = l.source and a.etag = l.etag));

create view superseded as
  select id from claim c where status = 'superseded' and not exists (
    select 1 from claim d where d.source = c.source and d.member = c.member
    and d.model = c.model and d.id = c.id and d.status != 'superseded');

create view unlisted as
  select number from claim c where status != 'superseded' and not exists (
    select 1 from listed l where l.source = c.source and l.member = c.member and {_SAME_ETAG})
  and not exists (
    select 1 from shard l where l.source = c.source and {_SAME_ETAG}
    and (not l.opened or c.member = x''));

-- Few images have several claims, so these are found first, and matched with the listing then.
create view several as
  select source, member, model from claim where status != 'superseded'
  group by 1, 2, 3 having count(*) > 1;
create view kept as
  select l.etag as listed, c.*, (c.etag = x'' and c.status = 'failed') as denied
  from several s cross join claim c using (source, member, model) cross join listed l
  where {_HOLDS} and l.member = c.member
  union all
  select l.etag, c.*, (c.etag = x'' and c.status = 'failed')
  from several s cross join claim c using (source, member, model) cross join shard l
  where {_HOLDS} and (not l.opened or c.member = x'');
create view double as
  select source, member, listed as etag, coalesce(
    group_concat(distinct hex(id)) filter (where not denied), group_concat(distinct hex(id))) as ids
  from kept group by source, member, listed, model
  having case when count(*) filter (where not denied) then
    count(distinct id) filter (where not denied) > max(1, count(distinct nullif(etag, x'')))
  else count(distinct id) > 1 end;
"""  # noqa: S608
_ADD = "insert into claim (source, member, model, etag, status, id) values (?, ?, ?, ?, ?, ?)"


@contextmanager
def opened() -> Iterator[Ledger]:
    """An empty ledger, gone when the block ends."""
    with scratch.database(_SCHEMA) as db:
        yield Ledger(db)


class Ledger:
    """Filled first (`expect`, `expect_shard`, then `claim`, once), asked then."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def expect(self, images: Iterable[Subject]) -> None:
        """List images, of which each needs a claim; one that is listed twice is one.

        A shard's own subject, without a member, stands for what is behind a break in it.
        """
        rows = (tuple(map(_key, (one.source, one.member, one.etag))) for one in images)
        self._db.executemany("insert or ignore into listed values (?, ?, ?)", rows)

    def expect_shard(self, shard: Subject, *, is_open: bool, reason: str | None = None) -> None:
        """List a shard: open, when its members are listed one by one; else any claim will do.

        `reason` says why it could not be opened; None where nobody tried.
        """
        row = (_key(shard.source), _key(shard.etag), is_open, reason and _key(reason))
        self._db.execute("insert or ignore into shard values (?, ?, ?, ?)", row)

    def claim(self, records: Iterable[Record]) -> None:
        """Take in what records say; nothing is listed and nothing claimed after it."""
        self._db.executemany(_ADD, map(_claim, records))
        self._db.executescript(_INDEX + _QUESTIONS)

    def count(self, what: str) -> int:
        """How many there are: `listed`, `missing`, `unopened`, `double`, `superseded`, `unlisted`."""
        (number,) = self._db.execute(_COUNTS[what]).fetchone()
        return int(number)

    def missing(self) -> Iterator[Subject]:
        """Images without a claim, by name."""
        for row in self._db.execute("select * from missing order by 1, 2, 3"):
            yield _subject(*row)

    def unopened(self) -> Iterator[tuple[Subject, str]]:
        """Shards that could not be opened, by name, and why."""
        query = "select * from unopened where reason is not null order by 1, 2"
        for source, etag, reason in self._db.execute(query):
            yield _subject(source, b"", etag), scratch.text(reason)

    def double(self) -> Iterator[tuple[Subject, list[str]]]:
        """Images that claims of different ids meet, by name, and the ids."""
        for *row, ids in self._db.execute("select * from double order by 1, 2, 3"):
            yield _subject(*row), sorted(scratch.text(bytes.fromhex(one)) for one in ids.split(","))


_COUNTS = {
    "listed": "select (select count(*) from listed) + count(*) from shard where not opened",
    "missing": "select count(*) from missing",
    "unopened": "select count(*) from unopened",
    "double": "select count(*) from double",
    "superseded": "select count(distinct id) from superseded",
    "unlisted": "select count(distinct id) from unlisted cross join claim using (number)",
}


def _key(value: str | None) -> bytes:
    return scratch.key(value or "")


def _claim(record: Record) -> tuple[bytes | str, ...]:
    values = (record.source, record.member, record.model, record.etag)
    return *map(_key, values), record.status, _key(record.id)


def _subject(source: bytes, member: bytes, etag: bytes) -> Subject:
    return Subject(scratch.text(source), scratch.text(member) or None, scratch.text(etag) or None)
