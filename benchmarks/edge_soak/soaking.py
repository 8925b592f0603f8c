"""Frames and faults in turn, until there were enough frames."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.edge_soak.faults import FAULTS, RESTARTS, course
from benchmarks.edge_soak.process import Health, Process
from benchmarks.edge_soak.site import Site

# In a long soak no process is ended after this share of the frames, so that one runs long enough for
# its memory to be looked at.
_LONG, _RESTARTS_UNTIL = 20_000, 0.3


@dataclass(frozen=True)
class Struck:
    """A fault; the seconds from its end until every part was running again; what was seen then."""

    name: str
    at: int
    seconds: float
    health: Health


@dataclass
class Soak:
    """What happens at a site, and what came of it: processes and faults, in order."""

    site: Site
    frames: int
    every: int
    rate: float
    seed: int
    say: Callable[[str], None] = lambda _: None
    processes: list[Process] = field(default_factory=list)
    struck: list[Struck] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def process(self) -> Process:
        return self.processes[-1]

    @property
    def told(self) -> int:
        """Of all processes."""
        return sum(process.told for process in self.processes)

    @property
    def _is_late(self) -> bool:
        return self.frames >= _LONG and self.told > _RESTARTS_UNTIL * self.frames

    def restart(self) -> None:
        """Begin the next process."""
        site, number = self.site, len(self.processes)
        process = Process(
            site.folder, site.clip, site.words, environ=site.environ, rate=self.rate, number=number
        )
        self.processes.append(process)

    def run(self) -> None:
        """All of it; ends the last process by SIGTERM once nothing waits any more."""
        begun = time.monotonic()
        try:
            self.restart()
            self._course()
        finally:
            self.process.close()
        self.seconds = time.monotonic() - begun

    def _course(self) -> None:
        rng = random.Random(self.seed)
        names = course(rng)
        # Each fault once at least.
        while self.told + self.every <= self.frames or len(self.struck) < len(FAULTS):
            self._wait_for(self.told + self.every)
            name = next(names)
            while name in RESTARTS and self._is_late:
                name = next(names)
            self._strike(name, rng)
        self._wait_for(self.frames)
        self.process.order("rate 2")
        self.process.wait_until(lambda health: not health.troubles and not health.waiting)
        self.process.terminate()

    def _wait_for(self, told: int) -> None:
        self.process.wait_for(told - (self.told - self.process.told))

    def _strike(self, name: str, rng: random.Random) -> None:
        at = self.told
        self.say(f"{at} frames, {name}")
        FAULTS[name](self, rng)
        begun = time.monotonic()
        # So that the trouble is there before it is asked whether it is over.
        self.process.wait_for(self.process.told + 1)
        health = self.process.settle()
        self.struck.append(Struck(name, at, time.monotonic() - begun, health))
