"""The real `litescore edge run`, following a channel that moves on, killed at any time."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.kills.site import Ledger, Site, UntrueError, check_start
from edge.device import Device
from litescore.image import encode_png

# From the start of a process, in seconds: by then it has taken what was handed out.
_LONGEST = 4.0
_PICTURES = 5000


def real_kills(folder: Path, count: int, seed: int, say: Callable[[str], None]) -> dict[str, int]:
    """Kill the command so often; what it was at. Raises UntrueError as `steps.every_step`, and where
    the first frame after a kill was scored by another release than was to run.
    """
    rng, site, state = random.Random(seed), Site.made(folder), folder / "state"
    pictures(folder / "frames")
    site.publish(0)
    _run_for(site, folder, lambda told: bool(told))
    ledger = Ledger(Device.here().boot)
    found = dict.fromkeys(("trial", "proof", "other", "frames"), 0)
    for number in range(count):
        site.publish(number + 1)
        deadline = time.monotonic() + rng.uniform(0.5, _LONGEST)
        told = _run_for(site, folder, lambda _, end=deadline: time.monotonic() > end)
        found["frames"] += len(told)
        slots = site.slots(state)
        kind = "trial" if slots.state.trial else "proof" if slots.state.proof else "other"
        found[kind] += 1
        # What scored the last frame lies in one of the slots.
        lie = {held.release.digest for slot in "ab" if (held := slots.held(slot))}
        if told and told[-1] not in lie:
            raise UntrueError(f"{told[-1]} scored the last frame, and lies in no slot")
        check_start(slots, ledger)
        say(f"{number + 1} of {count}: {kind}, {len(told)} frames")
    return found


def pictures(folder: Path, count: int = _PICTURES) -> None:
    """A folder of `count` names of one picture: a source that goes on for long enough."""
    folder.mkdir()
    first = folder / "00000.png"
    first.write_bytes(encode_png(np.zeros((8, 8, 3), np.uint8)))
    for number in range(1, count):
        os.link(first, folder / f"{number:05d}.png")


def _run_for(site: Site, folder: Path, enough: Callable[[list[str]], bool]) -> list[str]:
    """Digests that scored its frames, one after another, until it was killed."""
    out = folder / "records.jsonl"
    out.unlink(missing_ok=True)
    words = ["--model", site.channel, "--trust", folder / "factory.key.pub"]
    words += ["--source", folder / "frames", "--interval", "0.01", "--out", out]
    words += ["--state", folder / "state", "--check-every", "0.1", "--trial", "0.5"]
    log = folder / "log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "litescore", "edge", "run", *map(str, words)], stderr=output
        )
    while not enough(_digests(out)):
        if child.poll() is not None:
            raise UntrueError(f"the loop ended by itself: {log.read_text()[-500:]}")
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    return _digests(out)


def _digests(out: Path) -> list[str]:
    if not out.exists():
        return []
    *whole, _torn = out.read_bytes().split(b"\n")
    return [json.loads(line)["model"] for line in whole]
