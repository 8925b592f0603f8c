"""Several processes, each with the whole pipeline on a share of the images: `--jobs`.

Of an image of 28 x 28 most of the time is Python's own work, which threads cannot share. The
calling process lists the images and hands them out; each of the others fetches, decodes, scores
and writes records of its own.
"""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from litescore import shards
from litescore.errors import ConfigurationError
from litescore.output import Summary
from litescore.record import Subject
from litescore.scoring import share
from litescore.scoring.folder_truth import FolderTruth
from litescore.scoring.progress import Tell
from litescore.scoring.resume import Held
from litescore.scoring.share import Job

if TYPE_CHECKING:
    from multiprocessing import Queue

Inbox: TypeAlias = "Queue[list[Subject] | None]"
Outbox: TypeAlias = "Queue[tuple[int, int]]"
Process: TypeAlias = Future[tuple[Summary, FolderTruth | None]]

# Images handed out at once: a message costs as much as a dozen, and the last ones keep one process
# waiting for the others.
_CHUNK = 64
# Chunks that wait for each process.
_AHEAD = 2
# Images between two messages about progress.
_TOLD = 32
_MOMENT = 0.1

# What a process was begun with: the pool hands no arguments of such kinds to a task.
_begun: dict[str, Any] = {}


def run(
    subjects: Iterable[Subject],
    job: Job,
    before: Held,
    processes: int,
    tell: Tell,
) -> tuple[Summary, FolderTruth | None]:
    """Score the subjects in so many processes and write their records; see `litescore.scoring.to_place`.

    Raises what a process raised, and ConfigurationError when one was killed.
    """
    spawn = multiprocessing.get_context("spawn")
    inbox: Inbox = spawn.Queue(processes * _AHEAD)
    outbox: Outbox = spawn.Queue()
    begin = (inbox, outbox, job, before, processes)
    with ProcessPoolExecutor(processes, spawn, _begin, begin) as pool:
        shares = [pool.submit(_work) for _ in range(processes)]
        try:
            for chunk in chain(_chunks(subjects), [None] * processes):
                _hand_out(chunk, inbox, outbox, shares, tell)
            while not all(one.done() for one in shares):
                _hear(outbox, tell, _MOMENT)
            _hear(outbox, tell, _MOMENT)
            return _together(one.result() for one in shares)
        except BrokenProcessPool:
            raise ConfigurationError(
                "a process was killed, for want of memory perhaps: use fewer --jobs, and run "
                "again: what is scored is skipped"
            ) from None
        finally:
            _release(inbox, shares)


def _hand_out(
    chunk: list[Subject] | None,
    inbox: Inbox,
    outbox: Outbox,
    shares: list[Process],
    tell: Tell,
) -> None:
    """Wait until a process takes the chunk; one that failed takes none, and says why."""
    while True:
        for one in shares:
            if chunk is not None and one.done():
                one.result()
        _hear(outbox, tell, 0)
        with suppress(queue.Full):
            inbox.put(chunk, timeout=_MOMENT)
            return


def _hear(outbox: Outbox, tell: Tell, patience: float) -> None:
    """What the processes told of progress, once `patience` seconds are over or one speaks."""
    with suppress(queue.Empty):
        tell(*outbox.get(timeout=patience))
        while True:
            tell(*outbox.get_nowait())


def _release(inbox: Inbox, shares: list[Process]) -> None:
    """Where one failed the others end too: nothing more is handed out."""
    while not all(one.done() for one in shares):
        with suppress(queue.Empty):
            inbox.get_nowait()
        with suppress(queue.Full):
            inbox.put(None, timeout=_MOMENT)
    inbox.cancel_join_thread()


def _chunks(subjects: Iterable[Subject]) -> Iterator[list[Subject]]:
    """Images in lots, and each shard by itself: it is many."""
    waiting: list[Subject] = []
    for subject in subjects:
        if shards.is_shard(subject.source):
            yield [subject]
            continue
        waiting.append(subject)
        if len(waiting) == _CHUNK:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _together(
    shares: Iterable[tuple[Summary, FolderTruth | None]],
) -> tuple[Summary, FolderTruth | None]:
    summary, truth = Summary(), None
    for one, counted in shares:
        summary.add(one)
        if truth is not None and counted is not None:
            truth.add(counted)
        truth = truth or counted
    return summary, truth


def _begin(inbox: Inbox, outbox: Outbox, job: Job, before: Held, processes: int) -> None:
    _begun.update(inbox=inbox, outbox=outbox, job=job, before=before, processes=processes)


def _work() -> tuple[Summary, FolderTruth | None]:
    """One process' share: chunks as they come, through one pipeline that never runs dry."""
    job: Job = _begun["job"]
    subjects = chain.from_iterable(iter(_begun["inbox"].get, None))
    scorer = job.scorer(_begun["processes"])
    told = _Telling(_begun["outbox"])
    try:
        return share.score(subjects, job, scorer, _begun["before"], told)
    finally:
        told.flush()


class _Telling:
    """Gathers progress, since a message costs more than scoring an image."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._images = self._failed = 0

    def __call__(self, images: int, failed: int) -> None:
        self._images += images
        self._failed += failed
        if self._images >= _TOLD:
            self.flush()

    def flush(self) -> None:
        self._outbox.put((self._images, self._failed))
        self._images = self._failed = 0
