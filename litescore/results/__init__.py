"""Reading records back: one for each id, in memory that does not grow with their number."""

from __future__ import annotations

import gzip
import io
import marshal
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from litescore import scratch, store
from litescore.errors import ConfigurationError
from litescore.record import SCHEMA, Record, check
from litescore.results import ahead, tables
from litescore.results.counts import Counts
from litescore.store.objects import Listed
from litescore.store.s3 import is_s3

SUFFIXES = (".jsonl", ".jsonl.gz")

_HELD = """
create table held (number integer primary key, id blob, rank integer, at blob, record blob);
"""
_HOLD = "insert into held (id, rank, at, record) values (?, ?, ?, ?)"
# Sorting once afterwards costs a fraction of keeping random ids sorted. Of several with one id the
# first gives its place and the best what stands there.
_SORT = """
create index held_id on held (id, rank, at, number);
create table several (number integer primary key, best integer);
insert into several
  select held.number, case held.number when first then best end
  from (
    select id, min(number) as first, (
      select number from held h where h.id = held.id order by rank desc, at desc, number limit 1
    ) as best
    from held group by id having count(*) > 1
  ) join held using (id);
"""
_BEST = """
select iif(best is null, record, (select record from held b where b.number = best))
from held left join several using (number)
where several.number is null or best is not null
order by held.number
"""


def read(location: str | Path) -> Iterator[Record]:
    """One record for each id of the `objects` at a location.

    Of records with one id the best holds: scored, then failed, then superseded, then the latest.
    They come in the order in which their ids were first met. They are kept on disk meanwhile, in
    the temporary folder.
    """
    with scratch.database(_HELD) as db:
        db.executemany(_HOLD, map(_row, written(location)))
        db.executescript(_SORT)
        for (values,) in db.execute(_BEST):
            yield Record(*marshal.loads(values))  # noqa: S302


def written(location: str | Path) -> Iterator[Record]:
    """Every record of the `objects` at a location, as it lies there: what was delivered twice comes
    twice. Raises ConfigurationError for a line that is no record, naming the object.
    """
    for url, file in ahead.opened(_in_turn(location)):
        yield from _table(file, url) if url.endswith(tables.SUFFIX) else _lines(file, url)


def objects(location: str | Path) -> list[str]:
    """What holds records at a file, folder or s3:// prefix, in order of name: .jsonl, .jsonl.gz and
    the tables that are named as `score` names them. A table of another name is itself the location.
    """
    return sorted(entry.source for entry in _listed(location))


def count(records: Iterable[Record], *, pictures: int = 12) -> Counts:
    """What these records count to; `pictures` bounds each list of examples."""
    counts = Counts(pictures)
    for record in records:
        counts.add(record)
    return counts


def _in_turn(location: str | Path) -> Iterator[Listed]:
    """In order of name; of S3 as it lists them, which is that order on AWS, page by page: a year of
    records is a hundred million objects, and no list of them is held.
    """
    found = _listed(location)
    return found if is_s3(str(location)) else iter(sorted(found, key=lambda one: one.source))


def _listed(location: str | Path) -> Iterator[Listed]:
    named = str(location) if is_s3(str(location)) else str(store.local_path(location))
    for entry in store.list_objects(str(location)):
        url = entry.source
        if (
            url.endswith(SUFFIXES)
            or tables.is_ours(url)
            or (url == named and url.endswith(tables.SUFFIX))
        ):
            yield entry


def _row(record: Record) -> tuple[bytes, int, bytes, bytes]:
    rank, at = record.rank
    return scratch.key(record.id), rank, scratch.key(at), marshal.dumps([*record])


def _lines(file: IO[bytes], url: str) -> Iterator[Record]:
    try:
        for line in gzip.GzipFile(fileobj=file) if url.endswith(".gz") else file:
            record = Record.from_json(line.rstrip(b"\r\n"))
            check(record._asdict())
            yield record
    except ConfigurationError as error:
        raise ConfigurationError(f"{url}: {error}") from None
    except ValueError as error:
        raise ConfigurationError(
            f"{url}: not a litescore record of schema {SCHEMA}: {error}"
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(f"{url} is not a whole gzip file: {error}") from error


def _table(file: IO[bytes], url: str) -> Iterator[Record]:
    return tables.read(io.TextIOWrapper(file, encoding="utf-8", newline=""), url)
