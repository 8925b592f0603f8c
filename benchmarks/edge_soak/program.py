"""What the child runs: `litescore edge run` whole, with a camera that fails when told to, a clock that
jumps when told to, and a count of what is told that outlives a SIGKILL.

    python -m benchmarks.edge_soak.program CLIP RATE COUNT WORD...

The words are those of `litescore edge`; COUNT is a file of eight bytes. Orders come line by line on
standard input: those of the camera, and `clock SECONDS`, which moves Python's wall clock.

The three are put in at a seam each: `V4l2Camera` where `--source` opens one, `Outbox` where the loop
hands on what is told, and `time.time`, which is all that the edge loop knows of the wall clock.
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
import time
from functools import partial
from pathlib import Path

from benchmarks.edge_soak.camera import FaultyCamera, Orders
from edge import loop
from edge.cli import edge
from edge.frames import opening
from edge.outbox import Outbox
from edge.scored import Scored
from litescore.cli import run


class Clock:
    """The wall clock, moved."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._true = time.time

    def __call__(self) -> float:
        return self._true() + self.ahead


def count_in(path: Path) -> type[Outbox]:
    """An Outbox that counts what was told in a mapped file."""
    with path.open("r+b") as file:
        counter = mmap.mmap(file.fileno(), 8)

    class Counted(Outbox):
        def put(self, scored: Scored) -> None:
            super().put(scored)
            counter[:] = (int.from_bytes(counter[:], "little") + 1).to_bytes(8, "little")

    return Counted


def obey(orders: Orders, clock: Clock) -> None:
    """Take orders until standard input ends: then whoever gave them is no more."""
    for line in sys.stdin:
        if line.startswith("clock "):
            clock.ahead = float(line.split()[1])
        else:
            orders.put(line)
    os._exit(3)


def main() -> None:
    clip, rate, count, *words = sys.argv[1:]
    orders, clock = Orders(), Clock()
    time.time = clock
    opening.V4l2Camera = lambda *_: FaultyCamera(Path(clip), float(rate), orders)  # type: ignore[misc, assignment]
    loop.Outbox = count_in(Path(count))  # type: ignore[misc]
    threading.Thread(target=partial(obey, orders, clock), daemon=True).start()
    run(edge, words)


if __name__ == "__main__":
    main()
