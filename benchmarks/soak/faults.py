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

from infra.local import LocalCloud
from tests.rig.proxy import Fault

# Shares of the keys whose first requests go wrong: images read, records written.
READS, WRITES = 0.05, 0.15
# How many of them in a row: few, which the store's own retries outlast; more than those; and so many
# that the queue gives up.
_RUNS, _CHANCES = ((1, 2), (5, 8), (30, 30)), (80, 16, 4)
_STALL = (0.5, 3.0)


class RequestFaults:
    """Chooses the fault of each request by its key alone: the same seed, the same faults,
    whatever the order.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._left: dict[tuple[str, str], Iterator[Fault | None]] = {}

    def __call__(self, method: str, name: str) -> Fault | None:
        if (method, name) not in self._left:
            self._left[method, name] = self._planned(method, name)
        return next(self._left[method, name])

    def _planned(self, method: str, name: str) -> Iterator[Fault | None]:
        # Of a bucket and a key; buckets are named after stacks, and do not matter here.
        rng = random.Random(f"{self._seed} {method} {name.partition('/')[2]}")
        if rng.random() >= (READS if method == "GET" else WRITES):
            return repeat(None)
        [(low, high)] = rng.choices(_RUNS, _CHANCES)
        make = _reading if method == "GET" else _writing
        return chain([make(rng) for _ in range(rng.randint(low, high))], repeat(None))


def _reading(rng: random.Random) -> Fault:
    cut, stall = rng.randrange(200), rng.uniform(*_STALL)
    return rng.choice(
        [
            Fault(status=503),
            Fault(status=500),
            Fault(reset=True),
            Fault(stall=stall),
            Fault(cut=cut),
            Fault(cut=cut, stall=stall),
        ]
    )


def _writing(rng: random.Random) -> Fault:
    """Late: the write has reached S3 and its reply is lost, or says that it has not."""
    late = rng.random() < 0.5
    return rng.choice(
        [
            Fault(status=503, late=late),
            Fault(status=500, late=late),
            Fault(reset=True, late=late),
            Fault(stall=rng.uniform(*_STALL), late=late),
        ]
    )


class Killer:
    """Kills processes of the cloud's function, one now and then; `struck` counts them."""

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
            if pids := sorted(self._workers()):
                try:
                    os.kill(self._rng.choice(pids), signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self.struck += 1

    def _workers(self) -> Iterator[int]:
        for process in self._server.children():
            try:
                if self._name in " ".join(process.cmdline()):
                    yield process.pid
            except psutil.Error:
                continue
