"""The bounded pipeline: fetch -> decode -> batch -> score -> records, in input order.

Worker threads fetch and decode to uint8, the calling thread runs the model, and a window of
futures between them keeps memory flat however many images there are. It does not know where the
subjects come from or where the records go.
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

from litescore import image, store
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
    """What became of one subject.

    asked     the subject as it came in
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
    """A subject on its way: fetched (data), then decoded (tensor), or failed (error)."""

    asked: Subject
    subject: Subject
    data: bytes | None = None
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
) -> Iterator[Outcome]:
    """One outcome a subject, in input order.

    `out_of_time` is asked before each batch; once it says so, nothing more is fetched and the
    rest comes back to be tried again. ConfigurationError from the store ends the run.
    """
    settings = settings or Settings.read()
    with ThreadPoolExecutor(settings.threads, thread_name_prefix="fetch") as threads:
        decoder = _Decoder(scorer.contract, settings, image.PixelBudget(settings.max_pixels))
        size = _chunk(scorer.batch, settings.threads)
        fetched = _fetch_all(iter(subjects), size, decoder, settings, threads, out_of_time)
        yield from _score_all(fetched, scorer, settings)


def _fetch_all(
    subjects: Iterator[Subject],
    size: int,
    decoder: _Decoder,
    settings: Settings,
    threads: ThreadPoolExecutor,
    out_of_time: Callable[[], bool],
) -> Iterator[_Fetched]:
    window: _Window = deque()
    late = False
    try:
        while True:
            late = late or out_of_time()
            while not late and len(window) < settings.threads * _AHEAD:
                chunk = list(islice(subjects, size))
                if not chunk:
                    break
                window.append(threads.submit(_fetch, chunk, decoder, settings))
            if not window:
                break
            yield from map(decoder.decode, window.popleft().result())
        for subject in subjects:
            yield _Fetched(subject, subject, error=TransientError("out of time"))
    finally:
        for future in window:
            future.cancel()


def _chunk(batch: int, threads: int) -> int:
    """Subjects a future holds: a future costs as much as decoding a small image, so several, yet no
    more than keep every thread busy within a batch.
    """
    return max(1, min(8, batch // threads))


def _fetch(subjects: list[Subject], decoder: _Decoder, settings: Settings) -> list[_Fetched]:
    return [_fetch_one(subject, decoder, settings) for subject in subjects]


def _fetch_one(asked: Subject, decoder: _Decoder, settings: Settings) -> _Fetched:
    try:
        blob = store.read(asked, max_bytes=settings.max_bytes)
    except ImageError as error:
        return _Fetched(asked, asked, error=error)
    etag, version = asked.etag or blob.etag, asked.version or blob.version
    subject = Subject(asked.source, asked.member, etag, version)
    fetched = _Fetched(asked, subject, data=blob.data, modified=blob.modified)
    # Decoding a small image is Python that holds the interpreter's lock: threads would only wait
    # for each other. The calling thread does it, while these fetch, which needs no lock.
    return fetched if len(blob.data) < _SMALL else decoder.decode(fetched)


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
            fetched.tensor = image.decode_to_tensor(
                fetched.data,
                self.contract,
                budget=self.budget,
                max_pixels=self.settings.max_pixels,
                max_bytes=self.settings.max_bytes,
            )
        except ImageError as error:
            fetched.error = error
        fetched.data = None
        return fetched


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
