"""Which objects have their record already: what the records of one model name, in 8 bytes each.

Millions of them fit into a function's memory. Two objects of a million would meet in one number
once in ten million runs. It does not know what is done about the others.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from itertools import islice

import numpy as np

from litescore import store
from litescore.errors import ConfigurationError, PermanentError
from litescore.record import Subject
from litescore.store import s3

# As `litescore.output` names them.
_NAME = re.compile(r"dt=(\d{4}-\d{2}-\d{2})/([0-9a-f]{12})-[0-9a-f]{64}\.jsonl(?:\.gz)?")
_MOST_BYTES = 2**28
# Objects that are read at once: each is small, and far away.
_READERS = 8


class Known:
    """Objects by source and ETag: filled first, sorted once, asked then."""

    def __init__(self, packed: bytes = b"") -> None:
        self._numbers = array("Q", packed)

    def __contains__(self, subject: Subject) -> bool:
        number = _number(subject.source, subject.etag)
        place = bisect_left(self._numbers, number)
        return place < len(self._numbers) and self._numbers[place] == number

    def add(self, numbers: array[int]) -> None:
        """What an object of records names."""
        self._numbers.extend(numbers)

    def sort(self) -> None:
        """Make ready to be asked."""
        if self._numbers:
            # In the array's own memory, and thirty times as quick as Python's.
            np.frombuffer(self._numbers, np.uint64).sort()

    def packed(self) -> bytes:
        """What to make it of again."""
        return self._numbers.tobytes()


def read(
    known: Known,
    place: str,
    model: str,
    *,
    since: date | None,
    after: str | None,
    late: Callable[[], bool],
) -> str | None:
    """Add what the records at `place` of a model (its SHA-256) name, until it is late.

    `since` leaves out the dates before it: an object's record is under its own date or a later one.
    Answers the key after which to go on, None when all is read. At least one object is read.
    Raises as `litescore.store.list_objects`.
    """
    urls = _objects(place, model, since, after)
    window: deque[tuple[str, Future[array[int]]]] = deque()
    with ThreadPoolExecutor(_READERS, thread_name_prefix="known") as threads:
        try:
            while True:
                more = islice(urls, 2 * _READERS - len(window))
                window.extend((url, threads.submit(_named, url, model)) for url in more)
                if not window:
                    return None
                url, numbers = window.popleft()
                known.add(numbers.result())
                if late():
                    return s3.split(url)[1]
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _objects(place: str, model: str, since: date | None, after: str | None) -> Iterator[str]:
    first = since.isoformat() if since else ""
    start = after or (f"{s3.split(place)[1]}dt={first}" if first else None)
    for entry in store.list_objects(f"{place}dt=", start):
        name = _NAME.fullmatch(entry.source.removeprefix(place))
        if name and name[1] >= first and name[2] == model[:12]:
            yield entry.source


def _named(url: str, model: str) -> array[int]:
    """The objects that the records in one file are about. A line that is no record, or a file that
    is not whole, names none: what it was about is scored once more. Raises ConfigurationError for one
    that may not be read: all that it is about would be scored again each time.
    """
    numbers = array("Q")
    try:
        data = store.read(Subject(url), max_bytes=_MOST_BYTES).data
        lines = (gzip.decompress(data) if url.endswith(".gz") else data).splitlines()
    except (PermanentError, OSError, EOFError, zlib.error) as error:
        if isinstance(error, PermanentError) and error.kind == "forbidden":
            raise ConfigurationError(
                f"{url} is denied ({error.reason}): grant s3:GetObject on the records to the "
                "function's role"
            ) from None
        return numbers
    for line in lines:
        number = _named_by(line, model)
        # The members of a shard have its name and follow each other.
        if number is not None and numbers[-1:] != array("Q", [number]):
            numbers.append(number)
    return numbers


def _named_by(line: bytes, model: str) -> int | None:
    try:
        record = json.loads(line)
        if record["model"] != model or record["status"] == "superseded" or not record["etag"]:
            return None
        return _number(record["source"], record["etag"])
    except (ValueError, KeyError, TypeError):
        return None


def _number(source: str, etag: str | None) -> int:
    text = f"{source}\0{etag}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
