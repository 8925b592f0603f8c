"""What goes wrong: requests to S3 by a plan of their keys, and the function's processes at random."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat

import psutil

from infra.local.cloud import LocalCloud
from tests.rig.proxy import Fault

# How many of a key's requests fail, one after the other: few, which the store's own retries outlast;
# more than those; and so many that the queue gives up. And how likely each is.
_RUNS = ((1, 3), (8, 12), (45, 45))
_OF_READS, _OF_WRITES = (91, 7, 2), (80, 18, 2)
# Of the keys that are struck some are slow once, for so many seconds; requests that fail may hang for
# longer than the store waits.
_ONLY_SLOW, _SLOW, _HANGS, _DEAD = 0.15, (0.2, 2.0), 0.05, 7.0
_RUNTIME = "ai_edge_litert"
# Seconds between two looks for a process to kill.
_LOOK = 0.2


class RequestFaults:
    """Chooses the fault of each request by its key alone: the same seed, the same faults,
    whatever the order. `reads` and `writes` are shares of the keys whose first requests go wrong:
    images, and records.
    """

    def __init__(self, seed: int, reads: float, writes: float) -> None:
        self._seed, self._reads, self._writes = seed, reads, writes
        self._left: dict[tuple[str, str], Iterator[Fault | None]] = {}

    def __call__(self, method: str, name: str) -> Fault | None:
        if (method, name) not in self._left:
            self._left[method, name] = self._planned(method, name)
        return next(self._left[method, name])

    def _planned(self, method: str, name: str) -> Iterator[Fault | None]:
        # Of a bucket and a key; buckets are named after stacks, and do not matter here.
        rng = random.Random(f"{self._seed} {method} {name.partition('/')[2]}")
        reads = method == "GET"
        if rng.random() >= (self._reads if reads else self._writes):
            return repeat(None)
        if rng.random() < _ONLY_SLOW:
            return chain([Fault(stall=rng.uniform(*_SLOW))], repeat(None))
        # Late: the write has reached S3, and what is lost is the reply.
        late = not reads and rng.random() < 0.5
        [(low, high)] = rng.choices(_RUNS, _OF_READS if reads else _OF_WRITES)
        faults = [_failing(rng, reads, late) for _ in range(rng.randint(low, high))]
        return chain(faults, repeat(None))


def _failing(rng: random.Random, reads: bool, late: bool) -> Fault:
    if rng.random() < _HANGS:
        return Fault(stall=_DEAD, late=late)
    kinds = [Fault(status=503, late=late), Fault(status=500, late=late)]
    kinds += [Fault(reset=True, late=late)]
    if reads:
        cut = rng.randrange(200)
        kinds += [Fault(cut=cut), Fault(cut=cut, stall=rng.uniform(*_SLOW))]
    return rng.choice(kinds)


class Killer:
    """Kills processes of the cloud's function, one now and then; `struck` counts them.

    Those only that have begun to score: for one that dies while it starts, ministack ends all the
    others of the function too, and those that were starting again in their turn, without end.
    """

    def __init__(self, cloud: LocalCloud, rng: random.Random, every: float) -> None:
        self._server = psutil.Process(cloud.server.program.pid)
        self._name = f"ministack-lambda-{cloud.stack.outputs['FunctionName']}-"
        self._rng, self._every = rng, every
        self._stopped = threading.Event()
        self.struck = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Within, it kills every so many seconds on average."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._rng.expovariate(1 / self._every)):
            while not (pids := sorted(self._workers())):
                if self._stopped.wait(_LOOK):
                    return
            try:
                os.kill(self._rng.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                continue
            self.struck += 1

    def _workers(self) -> Iterator[int]:
        for process in self._server.children():
            try:
                mine = self._name in " ".join(process.cmdline())
                # The function loads its model, and LiteRT for it, when its first message comes.
                if mine and any(_RUNTIME in one.path for one in process.memory_maps()):
                    yield process.pid
            except psutil.Error:
                continue
