"""Processes that pictures are shared out to, or threads of this one where there are few.

Of a small picture most of the time is Pillow's own Python, which threads cannot share. Knows
nothing of what is done with a picture.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from typing import TYPE_CHECKING, Any, TypeVar

from litescore.errors import ConfigurationError
from litescore.settings import processors

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

Result = TypeVar("Result")

# Below this starting processes takes longer than they save.
FEW = 512
# Lots that are waiting for each worker.
_AHEAD = 3

# Set in a worker process that is to end.
_stop: Event | None = None


class Stopped(Exception):
    """The calling process wants no more of it."""


class Workers:
    """So many processes or threads; `run` shares lots out to them."""

    def __init__(self, pool: Executor, count: int) -> None:
        self._pool, self._count = pool, count

    def run(self, task: Callable[..., Result], lots: Iterable[tuple[Any, ...]]) -> Iterator[Result]:
        """`task(*lot)` of each lot, in the order in which they are done.

        A task is a function of a module, and lots are what can be pickled. Raises what a task
        raises, and ConfigurationError where a process was killed.
        """
        waiting: set[Future[Result]] = set()
        try:
            for lot in lots:
                with _without_ctrl_c():
                    waiting.add(self._pool.submit(task, *lot))
                if len(waiting) >= self._count * _AHEAD:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (one.result() for one in done)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in done)
        except BrokenProcessPool:
            raise ConfigurationError(
                "a process that decodes images was killed, for want of memory perhaps: run again, "
                "what is decoded is kept"
            ) from None


@contextmanager
def workers(pictures: int, count: int | None = None) -> Iterator[Workers]:
    """Workers for so many pictures; `count` of them, None for one a processor.

    However the block ends, none of them is left.
    """
    count = count or processors()
    if pictures < FEW:
        with _ended(ThreadPoolExecutor(count)) as threads:
            yield Workers(threads, count)
        return
    spawn = multiprocessing.get_context("spawn")
    stop = spawn.Event()
    with _ended(ProcessPoolExecutor(count, spawn, _begin, (stop,)), stop.set) as processes:
        yield Workers(processes, count)


def check_stop() -> None:
    """To be called between two pictures: raises Stopped in a process that is to end."""
    if _stop is not None and _stop.is_set():
        raise Stopped


@contextmanager
def _ended(pool: Executor, stop: Callable[[], None] = lambda: None) -> Iterator[Executor]:
    try:
        yield pool
    finally:
        stop()
        pool.shutdown(cancel_futures=True)


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal, and the calling one sees to the others' end: they
    are born with the signal blocked, or one that still starts would tell where it was.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(stop: Event) -> None:
    global _stop
    _stop = stop
    # Windows has no signals that are blocked.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A process that waits for work hears nothing of the death of the one that gives it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
