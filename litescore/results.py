"""Reading records back: one for each id, in memory that does not grow with their number."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from litescore import scratch, store
from litescore.counts import Counts
from litescore.errors import ConfigurationError
from litescore.record import Record, Subject
from litescore.s3 import is_s3

SUFFIXES = (".jsonl", ".jsonl.gz")
# The most bytes an object in S3 may have; files are read line by line.
_MOST_BYTES = 2**31

# The row keeps its number when a better record takes its place: the order of first meeting.
_HELD = """
create table held (
  number integer primary key, id blob unique, rank integer, at blob, line blob
);
"""
_KEEP_THE_BEST = """
insert into held (id, rank, at, line) values (?, ?, ?, ?)
on conflict (id) do update set rank = excluded.rank, at = excluded.at, line = excluded.line
where (excluded.rank, excluded.at) > (rank, at)
"""


def read(location: str | Path) -> Iterator[Record]:
    """Every record of the .jsonl and .jsonl.gz objects at a file, folder or s3:// prefix.

    Of records with one id the best holds: scored, then failed, then superseded, then the latest.
    They come in the order in which their ids were first met. They are kept on disk meanwhile, in
    the temporary folder. Raises ConfigurationError for a line that is no record, naming the object.
    """
    with scratch.database(_HELD) as db:
        lines = (row for url in files(location) for row in _rows(url))
        db.executemany(_KEEP_THE_BEST, lines)
        for (line,) in db.execute("select line from held order by number"):
            yield Record.from_json(line)


def files(location: str | Path) -> list[str]:
    """The record files at a location, in order of name."""
    listed = store.list_objects(str(location))
    return sorted(entry.source for entry in listed if entry.source.endswith(SUFFIXES))


def count(records: Iterable[Record], *, pictures: int = 12) -> Counts:
    """What these records count to; `pictures` bounds each list of examples."""
    counts = Counts(pictures)
    for record in records:
        counts.add(record)
    return counts


def _rows(url: str) -> Iterator[tuple[bytes, int, bytes, bytes]]:
    for line in _lines(url):
        try:
            record = Record.from_json(line)
        except ConfigurationError as error:
            raise ConfigurationError(f"{url}: {error}") from None
        rank, at = record.rank
        yield scratch.key(record.id), rank, scratch.key(at), line


def _lines(url: str) -> Iterator[bytes]:
    with _opened(url) as file:
        try:
            for line in gzip.GzipFile(fileobj=file) if url.endswith(".gz") else file:
                yield line.rstrip(b"\r\n")
        except (OSError, EOFError, zlib.error) as error:
            raise ConfigurationError(f"{url} is not a whole gzip file: {error}") from error


def _opened(url: str) -> IO[bytes]:
    if is_s3(url):
        return io.BytesIO(store.read(Subject(url), max_bytes=_MOST_BYTES).data)
    try:
        return store.local_path(url).open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read {url}: {error.strerror}") from error
