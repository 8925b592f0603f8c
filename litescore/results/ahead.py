"""Objects of records, opened in turn; those in S3 are fetched ahead, for each is small and far away.

A queue's batch of a hundred images is an object of its own: of a million images ten thousand, and one
after the other most of the time is waiting.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import IO

from litescore import store
from litescore.errors import ConfigurationError
from litescore.record import Subject
from litescore.store.objects import Listed
from litescore.store.s3 import is_s3

# Objects that are fetched at once.
READERS = 8
# Objects fetched and not yet read, and the bytes that they may be; the next one in turn is fetched
# whatever its size.
_WAITING, _WAITING_BYTES = 2 * READERS, 4_000_000
# The most bytes an object in S3 may have; files are read line by line.
_MOST_BYTES = 2**31


def opened(listed: Iterable[Listed]) -> Iterator[tuple[str, IO[bytes]]]:
    """URL and content of each object or file, in order. Raises what reading one raises."""
    ahead: deque[tuple[Listed, Future[bytes] | None]] = deque()
    rest = iter(listed)
    with ThreadPoolExecutor(READERS, thread_name_prefix="records") as threads:
        try:
            while _fill(ahead, rest, threads):
                entry, fetched = ahead.popleft()
                data = None if fetched is None else fetched.result()
                file = _file(entry.source) if data is None else io.BytesIO(data)
                with closing(file):
                    yield entry.source, file
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _fill(
    ahead: deque[tuple[Listed, Future[bytes] | None]],
    rest: Iterator[Listed],
    threads: ThreadPoolExecutor,
) -> bool:
    """Ask for what there is room for, one at least; whether there is any."""
    size = sum(entry.size for entry, _ in ahead)
    while not ahead or (len(ahead) < _WAITING and size < _WAITING_BYTES):
        entry = next(rest, None)
        if entry is None:
            break
        size += entry.size
        fetched = threads.submit(_fetch, entry.source) if is_s3(entry.source) else None
        ahead.append((entry, fetched))
    return bool(ahead)


def _fetch(url: str) -> bytes:
    return store.read(Subject(url), max_bytes=_MOST_BYTES).data


def _file(path: str) -> IO[bytes]:
    try:
        return store.local_path(path).open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
