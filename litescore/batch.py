"""The bounded pipeline: fetch -> decode -> batch -> score -> records, in input order.

Worker threads fetch and decode to uint8, the calling thread runs the model, and a window of
futures between them keeps memory flat however many images there are. A shard is fetched when its
turn comes, one at a time, and its members take the same way. It does not know where the subjects
come from or where the records go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from litescore import image, shards, store
from litescore.contract import Contract
from litescore.errors import ImageError, PermanentError, SupersededError, TransientError
from litescore.record import Record, Subject, now, rank, threshold_of
from litescore.scorer import Scorer
from litescore.settings import Settings

# Encoded bytes below which an image is decoded by the calling thread.
_SMALL = 16 * 1024
# Chunks a thread is given beforehand: enough that none waits, few enough to bound memory.
_AHEAD = 2


@dataclass(frozen=True)
class Outcome:
    """What became of one image.

    asked     the subject as it came in; of a shard's member the shard
    record    scored, failed or superseded; None when it is worth another try
    retry     why it is worth another try, where there is no record
    modified  LastModified of the object, where it was read
    """

    asked: Subject
    record: Record | None = None
    retry: TransientError | None = None
    modified: datetime | None = None


@dataclass(slots=True)
class _Fetched:
    """A subject on its way: fetched (data; pixels in some shards), then decoded (tensor), or failed
    (error).
    """

    asked: Subject
    subject: Subject
    data: bytes | NDArray[np.uint8] | None = None
    tensor: image.Tensor | None = None
    error: ImageError | None = None
    modified: datetime | None = None


_Window: TypeAlias = deque[Future[list[_Fetched]]]


def run(
    subjects: Iterable[Subject],
    scorer: Scorer,
    *,
    settings: Settings | None = None,
    out_of_time: Callable[[], bool] = lambda: False,
    done: Callable[[Subject], bool] = lambda _subject: False,
) -> Iterator[Outcome]:
    """One outcome a subject, in input order; of a shard (see `litescore.shards`) one a member.

    `out_of_time` is asked before each batch; once it says so, nothing more is fetched and the
    rest comes back to be tried again; of a shard that is not through, the shard. An image for
    which `done` holds is passed over: it has no outcome. ConfigurationError from the store ends
    the run.
    """
    settings = settings or Settings.read()
    with ThreadPoolExecutor(settings.threads, thread_name_prefix="fetch") as threads:
        decoder = _Decoder(scorer.contract, settings, image.PixelBudget(settings.max_pixels))
        size = _chunk(scorer.batch, settings.threads)
        deadline = _Deadline(out_of_time)
        asked = _expand(subjects, settings, deadline, done)
        fetched = _fetch_all(asked, size, decoder, settings, threads, deadline)
        yield from _score_all(fetched, scorer, settings)


@dataclass
class _Deadline:
    """Once it has passed it stays so."""

    out_of_time: Callable[[], bool]
    passed: bool = False

    def check(self) -> None:
        self.passed = self.passed or self.out_of_time()


def _expand(
    subjects: Iterable[Subject],
    settings: Settings,
    deadline: _Deadline,
    done: Callable[[Subject], bool],
) -> Iterator[_Fetched]:
    """Subjects to be fetched, and in place of a shard its members, fetched."""
    for subject in subjects:
        if done(subject):
            continue
        if shards.is_shard(subject.source) and not deadline.passed:
            yield from _members(subject, settings, deadline, done)
        else:
            yield _Fetched(subject, subject)


def _members(
    shard: Subject, settings: Settings, deadline: _Deadline, done: Callable[[Subject], bool]
) -> Iterator[_Fetched]:
    fetched = _read(shard, settings.max_shard_bytes)
    if not isinstance(fetched.data, bytes):
        yield fetched
        return
    found, modified = fetched.subject, fetched.modified
    for member in shards.members(shard.source, fetched.data, settings):
        if deadline.passed:
            yield _Fetched(shard, shard)
            return
        subject = Subject(found.source, member.name, found.etag, found.version)
        if done(subject):
            continue
        if isinstance(member.content, PermanentError):
            yield _Fetched(shard, subject, error=member.content, modified=modified)
        else:
            yield _Fetched(shard, subject, data=member.content, modified=modified)


def _fetch_all(
    asked: Iterator[_Fetched],
    size: int,
    decoder: _Decoder,
    settings: Settings,
    threads: ThreadPoolExecutor,
    deadline: _Deadline,
) -> Iterator[_Fetched]:
    window: _Window = deque()
    try:
        while True:
            deadline.check()
            while not deadline.passed and len(window) < settings.threads * _AHEAD:
                chunk = list(islice(asked, size))
                if not chunk:
                    break
                window.append(threads.submit(_fetch, chunk, decoder, settings))
            if not window:
                break
            yield from map(decoder.decode, window.popleft().result())
        for one in asked:
            one.error = one.error or TransientError("out of time")
            yield one
    finally:
        for future in window:
            future.cancel()


def _chunk(batch: int, threads: int) -> int:
    """Subjects a future holds: a future costs as much as decoding a small image, so several, yet no
    more than keep every thread busy within a batch.
    """
    return max(1, min(8, batch // threads))


def _fetch(asked: list[_Fetched], decoder: _Decoder, settings: Settings) -> list[_Fetched]:
    return [_fetch_one(one, decoder, settings) for one in asked]


def _fetch_one(one: _Fetched, decoder: _Decoder, settings: Settings) -> _Fetched:
    if one.data is None and one.error is None:
        one = _read(one.asked, settings.max_bytes)
    # Decoding a small image is Python that holds the interpreter's lock: threads would only wait
    # for each other. The calling thread does it, while these fetch, which needs no lock.
    return one if one.data is None or _weight(one.data) < _SMALL else decoder.decode(one)


def _weight(data: bytes | NDArray[np.uint8]) -> int:
    return data.nbytes if isinstance(data, np.ndarray) else len(data)


def _read(asked: Subject, max_bytes: int) -> _Fetched:
    try:
        blob = store.read(asked, max_bytes=max_bytes)
    except ImageError as error:
        return _Fetched(asked, asked, error=error)
    etag, version = asked.etag or blob.etag, asked.version or blob.version
    subject = Subject(asked.source, asked.member, etag, version)
    return _Fetched(asked, subject, data=blob.data, modified=blob.modified)


@dataclass(frozen=True)
class _Decoder:
    """Bytes to tensor, with the limits of one run."""

    contract: Contract
    settings: Settings
    budget: image.PixelBudget

    def decode(self, fetched: _Fetched) -> _Fetched:
        if fetched.data is None:
            return fetched
        try:
            fetched.tensor = self._tensor(fetched.data)
        except ImageError as error:
            fetched.error = error
        fetched.data = None
        return fetched

    def _tensor(self, data: bytes | NDArray[np.uint8]) -> image.Tensor:
        if isinstance(data, np.ndarray):
            return image.fit(data, self.contract)
        return image.decode_to_tensor(
            data,
            self.contract,
            budget=self.budget,
            max_pixels=self.settings.max_pixels,
            max_bytes=self.settings.max_bytes,
        )


def _score_all(
    fetched: Iterable[_Fetched], scorer: Scorer, settings: Settings
) -> Iterator[Outcome]:
    c = scorer.contract
    tensors = np.empty((scorer.batch, c.height, c.width, c.channels), np.uint8)
    waiting: list[_Fetched] = []
    filled = 0
    for one in fetched:
        waiting.append(one)
        if one.tensor is not None:
            tensors[filled] = one.tensor
            filled += 1
        # Images that failed take no place in the batch, yet wait for their neighbours.
        if filled == scorer.batch or len(waiting) >= 4 * scorer.batch:
            yield from _outcomes(waiting, tensors[:filled], scorer, settings.top)
            waiting, filled = [], 0
    yield from _outcomes(waiting, tensors[:filled], scorer, settings.top)


def _outcomes(
    waiting: list[_Fetched], tensors: image.Tensor, scorer: Scorer, top: int
) -> Iterator[Outcome]:
    probabilities = scorer.probabilities(tensors)
    threshold = threshold_of(scorer.contract)
    rows = zip(probabilities, rank(probabilities, top, threshold), strict=True)
    labels, model, at = scorer.contract.labels, scorer.digest, now()
    for one in waiting:
        record, retry = None, None
        if one.error is None:
            record = Record.ranked(
                one.subject, *next(rows), labels=labels, model=model, threshold=threshold, at=at
            )
        elif isinstance(one.error, PermanentError):
            record = Record.failed(one.subject, one.error, model=model)
        elif isinstance(one.error, SupersededError):
            record = Record.superseded(one.subject, one.error, model=model)
        elif isinstance(one.error, TransientError):
            retry = one.error
        yield Outcome(one.asked, record, retry, one.modified)
