"""Subjects to tensors: fetched and decoded by threads, ahead of whoever takes them, in input order.

A window of futures bounds what is under way, so that memory stays flat however many images there
are. A shard is fetched whole while the one before it is worked on, and its members take the same
way as files. It does not know what becomes of a tensor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from litescore import image, shards
from litescore.contract import Contract
from litescore.errors import PermanentError, TransientError
from litescore.fetched import Decoder, Fetched, bare, read
from litescore.record import Subject
from litescore.settings import Settings

# Encoded bytes below which an image is decoded by the calling thread.
_SMALL = 16 * 1024
# Subjects a future holds at most while they are small: a future costs as much as decoding one.
_SMALL_CHUNK = 32
# Chunks a thread is given beforehand: enough that none waits, few enough to bound memory.
_AHEAD = 2
# Seconds between two looks at the deadline while nothing arrives.
_PATIENCE = 0.5
# Bytes of a shard that may be fetched while another is worked on: two of the largest would not fit.
_SHARD_AHEAD = 64 * 1024 * 1024


class Deadline:
    """Once it has passed it stays so.

    passed     whether time is out: nothing more is begun
    abandoned  whether nobody takes any more what is under way, be it in time or not
    """

    def __init__(self, out_of_time: Callable[[], bool] = lambda: False) -> None:
        self._out_of_time = out_of_time
        self.passed = self.abandoned = False

    def check(self) -> None:
        """Ask whether time is out, and set `passed`; once that is set nobody is asked."""
        self.passed = self.passed or self._out_of_time()


class Before(NamedTuple):
    """What an earlier run did, and this one need not.

    done   whether an image has its record
    begun  of a shard, how many members from its first one on have theirs
    """

    done: Callable[[Subject], bool] = lambda _subject: False
    begun: Callable[[Subject], int] = lambda _shard: 0


def fetch(
    subjects: Iterable[Subject],
    contract: Contract,
    *,
    settings: Settings,
    batch: int,
    deadline: Deadline,
    before: Before,
) -> Iterator[Fetched]:
    """Each subject, or in a shard's place its members, with its tensor or its error.

    Once the deadline has passed nothing more is fetched, and what is left has a TransientError; of
    a shard that is not through, the shard. Raises ConfigurationError from the store.
    """
    # A thread of its own, which starts with the first shard: else one that is slow to come would
    # keep the members of the one before it waiting.
    shard_thread = ThreadPoolExecutor(1, thread_name_prefix="shard")
    try:
        expanded = _Expansion(settings, shard_thread, deadline, before).of(subjects)
        yield from tensors(expanded, contract, settings=settings, batch=batch, deadline=deadline)
    finally:
        # What S3 does not answer is not waited for when there is no time left.
        shard_thread.shutdown(wait=not deadline.passed, cancel_futures=True)


def tensors(
    asked: Iterator[Fetched],
    contract: Contract,
    *,
    settings: Settings,
    batch: int,
    deadline: Deadline,
) -> Iterator[Fetched]:
    """As `fetch`, for images of which some are fetched, or are tensors, already; no shards."""
    threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="fetch")
    try:
        decoder = Decoder(contract, settings, image.PixelBudget(settings.max_pixels))
        yield from _in_order(asked, batch, decoder, threads, deadline)
    finally:
        deadline.abandoned = True
        threads.shutdown(wait=not deadline.passed, cancel_futures=True)


def _in_order(
    asked: Iterator[Fetched],
    batch: int,
    decoder: Decoder,
    threads: ThreadPoolExecutor,
    deadline: Deadline,
) -> Iterator[Fetched]:
    window: deque[tuple[list[Fetched], Future[list[Fetched]] | None]] = deque()
    workers = decoder.settings.threads
    size = _chunk(batch, workers)
    while True:
        deadline.check()
        while not deadline.passed and len(window) < workers * _AHEAD:
            chunk = list(islice(asked, size))
            if not chunk:
                break
            # Of small images that are at hand, out of a shard, there is nothing for a thread to do.
            at_hand = all(map(_is_at_hand, chunk))
            work = None if at_hand else threads.submit(_work, chunk, decoder, deadline)
            window.append((chunk, work))
        if not window or not _arrives(window[0][1], deadline):
            break
        chunk, future = window.popleft()
        arrived = future.result() if future else chunk
        small = all(one.size < _SMALL for one in arrived)
        # By and by: of few images the last future would keep all others waiting for its own.
        size = min(size + 1, _SMALL_CHUNK, batch) if small else _chunk(batch, workers)
        yield from map(decoder.decode, arrived)
    yield from _handed_back(chain(*(chunk for chunk, _ in window), asked))


def _is_at_hand(one: Fetched) -> bool:
    return not one.is_asked and (one.data is None or one.size < _SMALL)


def _arrives(future: Future[Any] | None, deadline: Deadline) -> bool:
    """Wait for a future, once time is over only a moment longer."""
    while future and not wait([future], _PATIENCE).done:
        if deadline.passed:
            return False
        deadline.check()
    return True


def _handed_back(left: Iterable[Fetched]) -> Iterator[Fetched]:
    """Each subject to be tried again, a shard once however many of its members are left."""
    last = None
    for one in left:
        if one.asked != last or not shards.is_shard(one.asked.source):
            yield Fetched(one.asked, one.asked, error=TransientError("out of time"))
        last = one.asked


def _chunk(batch: int, threads: int) -> int:
    """Subjects a future holds while they are large, or nobody knows: no more than keep every thread
    busy within a batch, for the window holds them all.
    """
    return max(1, min(8, batch // threads))


class _Reading(NamedTuple):
    """A subject, and of a shard its fetching, which takes `most` bytes."""

    subject: Subject
    most: int = 0
    fetched: Future[Fetched] | None = None


class _Expansion(NamedTuple):
    """Subjects to be fetched, and in place of a shard its members, fetched."""

    settings: Settings
    thread: ThreadPoolExecutor
    deadline: Deadline
    before: Before

    def of(self, subjects: Iterable[Subject]) -> Iterator[Fetched]:
        asked = (subject for subject in subjects if not self.before.done(subject))
        most, ahead = self.settings.max_shard_bytes, None
        while (reading := ahead or self._next(asked, most)) is not None:
            ahead = None
            if reading.fetched is None or self.deadline.passed:
                yield Fetched(reading.subject, reading.subject)
                continue
            # What comes after a shard, where it is one too, is read while that is worked on.
            ahead = self._next(asked, min(most, _SHARD_AHEAD))
            yield from self._members(reading.subject, reading.fetched, reading.most)

    def _next(self, asked: Iterator[Subject], most: int) -> _Reading | None:
        subject = next(asked, None)
        if subject is None:
            return None
        if self.deadline.passed or not shards.is_shard(subject.source):
            return _Reading(subject)
        return _Reading(subject, most, self.thread.submit(read, subject, most))

    def _members(self, shard: Subject, reading: Future[Fetched], most: int) -> Iterator[Fetched]:
        if not _arrives(reading, self.deadline):
            yield Fetched(shard, shard)
            return
        fetched = reading.result()
        if _is_too_large(fetched) and most < self.settings.max_shard_bytes:
            fetched = read(shard, self.settings.max_shard_bytes)
        if not isinstance(fetched.data, bytes):
            yield fetched
            return
        found, took = fetched.subject, fetched.fetching
        members = shards.members(shard.source, fetched.data, self.settings)
        fetched.data = None
        for member in islice(members, self.before.begun(found), None):
            if self.deadline.passed:
                yield Fetched(shard, shard)
                return
            subject = Subject(found.source, member.name, found.etag, found.version)
            if self.before.done(subject):
                continue
            one = Fetched(shard, subject, modified=fetched.modified, fetching=took)
            # The shard's bytes are fetched once, for its first member.
            took = 0.0
            if isinstance(member.content, PermanentError):
                one.error = bare(member.content)
            else:
                one.data = member.content
                one.size = _size(member.content)
            yield one


def _is_too_large(fetched: Fetched) -> bool:
    return isinstance(fetched.error, PermanentError) and fetched.error.kind == "too-large"


def _work(asked: list[Fetched], decoder: Decoder, deadline: Deadline) -> list[Fetched]:
    # A chunk of small objects may take long where S3 is far or silent: a Ctrl-C would wait for it.
    return [_fetch_one(one, decoder) for one in asked if not deadline.abandoned]


def _fetch_one(one: Fetched, decoder: Decoder) -> Fetched:
    if one.is_asked:
        one = read(one.asked, decoder.settings.max_bytes)
    # Decoding a small image is Python that holds the interpreter's lock: threads would only wait
    # for each other. The calling thread does it, while these fetch, which needs no lock.
    return one if one.size < _SMALL else decoder.decode(one)


def _size(content: bytes | NDArray[np.uint8]) -> int:
    return content.nbytes if isinstance(content, np.ndarray) else len(content)
