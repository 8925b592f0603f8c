"""Reading records back: one for each id, and what they count to."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from litescore import store
from litescore.errors import ConfigurationError
from litescore.record import Record, Subject

SUFFIXES = (".jsonl", ".jsonl.gz")
_MOST_BYTES = 2**31


@dataclass
class Counts:
    """How many records of each status, label and kind of failure, and of which models."""

    images: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)


def read(location: str | Path) -> Iterator[Record]:
    """Every record of the .jsonl and .jsonl.gz objects at a file, folder or s3:// prefix.

    Of records with one id the best holds: scored, then failed, then superseded, then the latest.
    They come in the order in which their ids were first met. Raises ConfigurationError for a line
    that is no record, naming the object.
    """
    best: dict[str, Record] = {}
    for url in files(location):
        for record in _read_one(url):
            held = best.get(record.id)
            if held is None or record.rank > held.rank:
                best[record.id] = record
    yield from best.values()


def files(location: str | Path) -> list[str]:
    """The record files at a location, in order of name."""
    listed = store.list_objects(str(location))
    return sorted(entry.source for entry in listed if entry.source.endswith(SUFFIXES))


def count(records: Iterable[Record]) -> Counts:
    """The counts of these records."""
    counts = Counts()
    for record in records:
        counts.images += 1
        counts.statuses[record.status] += 1
        counts.models[record.model] += 1
        if record.label is not None:
            counts.labels[record.label] += 1
        if record.kind is not None:
            counts.kinds[record.kind] += 1
    return counts


def _read_one(url: str) -> Iterator[Record]:
    data = store.read(Subject(url), max_bytes=_MOST_BYTES).data
    try:
        text = gzip.decompress(data) if url.endswith(".gz") else data
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(f"{url} is not a whole gzip file: {error}") from error
    for line in text.splitlines():
        try:
            yield Record.from_json(line)
        except ConfigurationError as error:
            raise ConfigurationError(f"{url}: {error}") from None
