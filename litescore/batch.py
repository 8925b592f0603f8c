"""The bounded pipeline: fetch -> decode -> batch -> score -> records, in input order.

Threads fetch and decode to uint8 (`litescore.fetching`), the calling thread runs the model. Memory
is flat however many images there are. It does not know where the subjects come from or where the
records go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from time import perf_counter, thread_time
from typing import NamedTuple

import numpy as np

from litescore import fetching, image
from litescore.errors import PermanentError, SupersededError, TransientError
from litescore.fetched import Fetched
from litescore.fetching import Before, Deadline
from litescore.record import Record, Subject, now, rank, threshold_of
from litescore.scorer import Probabilities, Scorer
from litescore.settings import Settings

_NOTHING_BEFORE = Before()
# Batches between two looks at what a run waits for.
_LOOK = 4
# Share of a run's time from which on the thread that runs the model does nothing else.
_RESTLESS = 0.8


class Outcome(NamedTuple):
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


class Spent:
    """Seconds that a run took, those of fetching and decoding summed over threads."""

    def __init__(self) -> None:
        self.fetching = self.decoding = self.invoking = 0.0


def run(
    subjects: Iterable[Subject],
    scorer: Scorer,
    *,
    settings: Settings | None = None,
    out_of_time: Callable[[], bool] = lambda: False,
    before: Before = _NOTHING_BEFORE,
    spent: Spent | None = None,
) -> Iterator[Outcome]:
    """One outcome a subject, in input order; of a shard (see `litescore.shards`) one a member.

    `out_of_time` is asked before each batch; once it says so, nothing more is fetched and the
    rest comes back to be tried again; of a shard that is not through, the shard. What was done
    `before` is passed over: it has no outcome. `spent` is added to. ConfigurationError from the
    store ends the run.
    """
    settings = settings or Settings.read()
    fetched = fetching.fetch(
        subjects,
        scorer.contract,
        settings=settings,
        batch=scorer.batch,
        deadline=Deadline(out_of_time),
        before=before,
    )
    spent = spent or Spent()
    for waiting, _, probabilities in batches(fetched, scorer, spent):
        yield from _outcomes(waiting, probabilities, scorer, settings.top, spent)


class _Pace:
    """Whether the model is all that a run waits for.

    The threads that decode large images keep the processors busy. Several threads of a model would
    only wait for each other then: it has one, and gets more once that one never rests.
    """

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self._start()

    def count(self, busy: float) -> None:
        """Of an invocation, seconds of processor time that the calling thread took for it."""
        self._batches += 1
        self._invoking += busy
        if self._batches == _LOOK:
            if self._invoking > _RESTLESS * (perf_counter() - self._since):
                self.scorer.widen()
            self._start()

    def _start(self) -> None:
        self._since, self._batches, self._invoking = perf_counter(), 0, 0.0


class Batch(NamedTuple):
    """Images in order and, of those without an error, what the model saw and answered.

    tensors        uint8[n, height, width, channels], overwritten by the next batch
    probabilities  float32[n, classes]
    """

    waiting: list[Fetched]
    tensors: image.Tensor
    probabilities: Probabilities


def batches(fetched: Iterable[Fetched], scorer: Scorer, spent: Spent) -> Iterator[Batch]:
    """Images with their tensor or error, as many at a time as the model takes. `spent` is added to."""
    c, pace = scorer.contract, _Pace(scorer)
    tensors = np.empty((scorer.batch, c.height, c.width, c.channels), np.uint8)
    waiting: list[Fetched] = []
    filled = 0
    for one in fetched:
        waiting.append(one)
        if one.tensor is not None:
            tensors[filled] = one.tensor
            one.tensor = None
            filled += 1
        # Images that failed take no place in the batch, yet wait for their neighbours.
        if filled == scorer.batch or len(waiting) >= 4 * scorer.batch:
            yield _answered(waiting, tensors[:filled], pace, spent)
            waiting, filled = [], 0
    yield _answered(waiting, tensors[:filled], pace, spent)


def _answered(waiting: list[Fetched], tensors: image.Tensor, pace: _Pace, spent: Spent) -> Batch:
    start, busy = perf_counter(), thread_time()
    probabilities = pace.scorer.probabilities(tensors)
    spent.invoking += perf_counter() - start
    pace.count(thread_time() - busy)
    return Batch(waiting, tensors, probabilities)


def _outcomes(
    waiting: list[Fetched], probabilities: Probabilities, scorer: Scorer, top: int, spent: Spent
) -> Iterator[Outcome]:
    threshold = threshold_of(scorer.contract)
    rows = zip(probabilities, rank(probabilities, top, threshold), strict=True)
    labels, model, at = scorer.contract.labels, scorer.digest, now()
    for one in waiting:
        spent.fetching += one.fetching
        spent.decoding += one.decoding
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
