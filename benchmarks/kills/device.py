"""A device in this very process: the real follower and the real loop, on frames from memory."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import numpy as np

from benchmarks.kills.site import Site
from edge.device import Device
from edge.frames import Frame
from edge.releases.follower import Follower
from edge.releases.terms import FollowTerms
from edge.releases.trial import Terms
from edge.status import Status
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.record import Subject
from litescore.releases.following import follow
from litescore.scorer import Scorer

BOOT = "boot 1"
FRAMES = 8


class Frames:
    """So many frames, one after another; `pause` seconds between two; `torn` ones are no pictures."""

    live, name = False, "memory"

    def __init__(self, count: int, pause: float = 0.0, *, torn: bool = False) -> None:
        self._count, self._pause, self._torn = count, pause, torn

    def expect(self, contract: Contract) -> None:
        """Nothing is made ahead."""

    def status(self) -> Status:
        return Status("running")

    def frames(self) -> Generator[Frame | None, None, None]:
        pixels = PermanentError("corrupt", "torn") if self._torn else np.zeros((4, 3, 3), np.uint8)
        for number in range(self._count):
            yield Frame(Subject(f"memory/{number}"), number, time.monotonic(), pixels)
            time.sleep(self._pause)


def follower(site: Site, state: Path, *, every: float) -> Follower:
    """Of the site's channel, with a trial of a few frames, in which time tells nothing: the machine is busy."""
    terms = FollowTerms(every=every, trial=Terms(seconds=0.0, frames=FRAMES, slower=1e9))
    return Follower(
        follow(site.channel),
        site.slots(state),
        site.publisher.believed,
        device(),
        load=Scorer,
        say=lambda _: None,
        terms=terms,
    )


def device() -> Device:
    return Device("0123456789ab", BOOT, 1)
