"""A device whose channel moves on and on, killed at any time from outside."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from benchmarks.kills.device import BOOT, Frames, device, follower
from benchmarks.kills.site import Ledger, Site, check_start
from edge.loop import Loop
from edge.stop import Stop

# An update takes about 0.1 s here, with the start of its process.
_LONGEST = 0.25


def random_kills(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Kill a device so often, each time while it may be taking another release; what it was at.

    Raises UntrueError as `steps.every_step`.
    """
    rng, site, state = random.Random(seed), Site.made(folder), folder / "state"
    site.publish(0)
    _run_for(site, state, 0.5)
    ledger, found = Ledger(BOOT), dict.fromkeys(("trial", "proof", "other"), 0)
    for number in range(count):
        site.publish(number + 1)
        _run_for(site, state, rng.uniform(0, _LONGEST))
        slots = site.slots(state)
        kind = "trial" if slots.state.trial else "proof" if slots.state.proof else "other"
        found[kind] += 1
        check_start(slots, ledger)
    return found


def _run_for(site: Site, state: Path, seconds: float) -> None:
    """A device in a process of its own, killed after so many seconds."""
    child = os.fork()
    if child == 0:
        try:
            found = follower(site, state, every=0.01)
            loop = Loop(found.first(), device(), watchers=[found])
            found.start(loop.replace)
            loop.run(Frames(10**6, 0.01), Stop())
        finally:
            os._exit(99)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != -signal.SIGKILL:
        raise RuntimeError(f"the device ended by itself: {code}")
