"""From a frame's capture to its record in the file, at 30 frames a second.

The camera is a stand-in: no kernel without modules can make a V4L2 device. It gives 640 x 480 pixels
each thirtieth of a second by the clock, inside the real `LiveCamera` with its capture thread, and the
real loop tells every frame to a real file. With --rtsp a real RTSP server takes the camera's place:
its frames are stamped when they were made, so what the network and its buffers took is in it.

Untrained int8 CNNs are converted here, as in `benchmarks.edge_loop`. Latency ends when the line was
handed to the operating system. It may be one frame interval, which is what a frame waits at most for
the one before it, and one invoke, the median of this run. Beside it stands how late a process that
does nothing but sleep was woken meanwhile: what a machine with other work to do adds at each step.

    python -m benchmarks.edge_latency [--seconds 20] [--rtsp]

Needs the extras [train] and [edge].
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Timer

import numpy as np
from numpy.typing import NDArray

from benchmarks.edge_loop import convert
from edge.device import Device
from edge.frames.camera import Open, Shot
from edge.frames.live import LiveCamera
from edge.frames.stream import StreamCamera
from edge.loop import Loop
from edge.scored import Scored
from edge.sinks.lines import JsonLines
from edge.stop import Stop
from litescore.scorer import Scorer

RATE = 30.0
# side of the input, filters of each convolution
MODELS = ((32, (8, 16, 32)), (96, (112, 192, 208)), (192, (112, 192, 208)))


class Metronome:
    """A camera whose frames come by the clock, and none of them late: who is slow misses some."""

    note: str | None = None

    def __init__(self, rate: float = RATE) -> None:
        rng = np.random.default_rng(0)
        self._pictures = [rng.integers(0, 256, (480, 640, 3), np.uint8) for _ in range(8)]
        self._begun, self._rate, self._number = time.monotonic(), rate, 0

    def read(self) -> Shot | None:
        self._number = max(self._number, int((time.monotonic() - self._begun) * self._rate)) + 1
        due = self._begun + self._number / self._rate
        time.sleep(max(0.0, due - time.monotonic()))
        return Shot(self._pictures[self._number % len(self._pictures)].copy(), due)

    def close(self) -> None:
        pass


class TimedLines(JsonLines):
    """The file of records; notes how old each frame was when its line was written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.seconds: list[float] = []

    def write(self, scored: Scored) -> None:
        super().write(scored)
        self.seconds.append(time.monotonic() - scored.frame.monotonic)


# Sleeps as often as frames come, until its input ends; says by how many milliseconds it was late.
_SLEEPER = """
import select, statistics, sys, time
late, due = [], time.monotonic()
while not select.select([sys.stdin], [], [], 0)[0]:
    due += 1 / 30
    time.sleep(max(0.0, due - time.monotonic()))
    late.append(time.monotonic() - due)
print(1000 * statistics.quantiles(late, n=100)[98])
"""


@contextmanager
def sleeper() -> Iterator[Callable[[], float]]:
    """A process that sleeps; how late it was woken, the 99th percentile in milliseconds."""
    command = [sys.executable, "-c", _SLEEPER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        yield lambda: float(child.communicate(b"\n")[0])


@dataclass(frozen=True)
class Latencies:
    """Milliseconds from a frame's capture to its line: of each frame, of the invoke (the median), and
    of a sleeper's being late (the 99th percentile); frames that were left out.
    """

    frames: NDArray[np.float64]
    invoke: float
    late: float
    dropped: int

    @property
    def hold(self) -> float:
        """What the 99th percentile may be: a frame's interval and an invoke."""
        return 1000 / RATE + self.invoke

    @property
    def p99(self) -> float:
        return float(np.quantile(self.frames, 0.99))


def measure(scorer: Scorer, name: str, camera: Open, out: Path, seconds: float) -> Latencies:
    """So many seconds of a camera."""
    device, stop = Device.here(), Stop()
    source = LiveCamera(name, camera, device)
    with TimedLines(out) as sink, sleeper() as late:
        loop = Loop(scorer, device, sinks=[sink])
        timer = Timer(seconds, stop.request)
        timer.start()
        loop.run(source, stop)
        woken = late()
    # The first second is the start: caches, the stream's way to its live edge.
    latencies = np.array(sink.seconds[int(RATE) :]) * 1000
    dropped = source.status().counts["dropped"]
    return Latencies(latencies, loop.meter.invoke_ms()["p50"], woken, dropped)


def row(name: str, found: Latencies) -> str:
    """A line of the table."""
    p50, p90 = np.quantile(found.frames, (0.5, 0.9))
    p99, hold = found.p99, found.hold
    return (
        f"| {name} | {found.invoke:.2f} | {len(found.frames)} | {found.dropped} | {p50:.1f} "
        f"| {p90:.1f} | {p99:.1f} | <= {hold:.1f} | {'met' if p99 <= hold else 'not met'} "
        f"| {found.late:.1f} |"
    )


def every(folder: Path, seconds: float, *, rtsp: bool) -> Iterator[tuple[str, Latencies]]:
    """Each model with each camera, by the camera's name."""
    apart = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    # All models first: what converts must not be at work beside what is measured.
    with apart as converter:
        models = [converter.submit(convert, side, 3, filters).result() for side, filters in MODELS]
    with cameras(folder, rtsp=rtsp) as found:
        for number, model in enumerate(models):
            for camera, opened in found.items():
                out = folder / f"{number}-{opened is Metronome}.jsonl"
                yield camera, measure(Scorer(model), camera, opened, out, seconds)


@contextmanager
def cameras(folder: Path, *, rtsp: bool) -> Iterator[dict[str, Open]]:
    """Cameras by name."""
    made: dict[str, Open] = {"by the clock, 640 x 480": Metronome}
    if not rtsp:
        yield made
        return
    from tests.rig import rtsp as rig

    server = rig.rtsp(folder)
    with server.running():
        yield made | {"RTSP, 320 x 240": partial(StreamCamera, server.url("clock"), 10.0)}


def main() -> None:
    """Print the table; exit with 1 where a row does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rtsp", action="store_true")
    words = parser.parse_args()
    print(
        "| camera | invoke p50, ms | frames | left out | p50, ms | p90, ms | p99, ms | hold | "
        "| a sleeper's p99, ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    late = False
    with tempfile.TemporaryDirectory() as name:
        for camera, found in every(Path(name), words.seconds, rtsp=words.rtsp):
            print(row(camera, found), flush=True)
            late = late or found.p99 > found.hold
    sys.exit(late)


if __name__ == "__main__":
    main()
