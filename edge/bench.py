"""What a frame costs on this device, from the source to the record: `litescore edge bench`.

The stages run here as they do in the loop, one after the other and each timed; what the model takes
on each runtime and number of threads is measured by `litescore.bench`, in processes of their own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge import thermal
from edge.device import Device
from edge.frames import Frame, tensor
from edge.frames.opening import choose
from edge.frames.options import SourceOptions
from edge.scored import Scored
from edge.sinks.lines import JsonLines
from edge.thermal import Thermal
from litescore.bench import machine
from litescore.bench.measured import Row
from litescore.bench.plan import Plan, look, rows
from litescore.errors import ConfigurationError, PermanentError
from litescore.image import Tensor
from litescore.interpreter import Runtime
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.settings import Settings

NOISE = "noise of 640 x 480 pixels"
_NOISE = (480, 640, 3)
_SEED = 1
STAGES = ("source", "fit", "invoke", "emit")
# Frames before those that count: buffers are made, files come into the cache.
_WARMUP = 3
# Of a millisecond: a nanosecond, the finest that a clock tells.
_DIGITS = 6

Frames = Generator[Frame | None, None, None]
# Hears what is measured now, and that one more step is done.
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """Milliseconds that a stage took of a frame: source (until the frame was there), fit, invoke,
    emit (the record made, and its line written).
    """

    name: str
    p50: float
    p90: float
    p99: float


@dataclass(frozen=True)
class Bench:
    """What was measured of a model and a source on a device.

    frames   that were counted
    runtime  of the stages, with one thread
    rows     the model alone, on each runtime and number of threads
    before, after  the processor's state before the first frame and after the last row
    """

    machine: machine.Machine
    model: str
    source: str
    frames: int
    runtime: str
    stages: tuple[Stage, ...]
    rows: tuple[Row, ...]
    before: Thermal
    after: Thermal

    def stage(self, name: str) -> Stage:
        """One of STAGES by its name."""
        return next(stage for stage in self.stages if stage.name == name)

    def fps(self, row: Row) -> float | None:
        """Frames a second that fit, model and emit leave at their medians; the source sets a limit
        of its own. None where the runtime refused the model.
        """
        if row.latency is None:
            return None
        return 1000 / (self.stage("fit").p50 + row.latency.p50 + self.stage("emit").p50)

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it; percentiles of a stage in milliseconds."""
        return {
            "machine": self.machine.as_json(),
            "model": self.model,
            "source": self.source,
            "frames": self.frames,
            "runtime": self.runtime,
            "stages": {stage.name: _times_of(stage) for stage in self.stages},
            "rows": [{**row.as_json(), "fps": self.fps(row)} for row in self.rows],
            "thermal": {"before": asdict(self.before), "after": asdict(self.after)},
        }


def measure(
    model: str,
    source: str | None,
    *,
    frames: int,
    runtimes: Sequence[Runtime],
    threads: Sequence[int],
    settings: Settings,
    labels: Sequence[str] | None = None,
    tell: Tell = lambda _what: None,
) -> Bench:
    """Measure up to `frames` frames of the source (of noise without one) stage by stage, then the
    model on each runtime and number of threads. `tell` hears each step: frames + runtimes x threads.

    Raises ConfigurationError for a source without a frame, and what the source and model raise.
    """
    before = thermal.read()
    scorer = Scorer(model, runtime=runtimes[0].name, labels=labels, sha256=settings.model_sha256)
    device = Device.here()
    if source is None:
        source, given = NOISE, _noise(device)
    else:
        given = choose(SourceOptions(source), scorer.contract, device, settings).frames()
    with closing(given):
        times = _timed(given, scorer, device, frames, tell)
    if not times:
        raise ConfigurationError(f"--source {source} gave no frame that can be scored")
    file, data = look(model)
    plan = Plan(runtimes, threads=threads, runs=frames)
    found = tuple(rows(file, data, plan, tell))
    return Bench(
        machine.here(),
        model,
        source,
        len(times),
        str(runtimes[0]),
        _stages(times),
        found,
        before,
        thermal.read(),
    )


def _timed(
    given: Frames, scorer: Scorer, device: Device, count: int, tell: Tell
) -> list[tuple[float, ...]]:
    """Seconds of each stage, of up to `count` frames; of the last ones should there be few."""
    times: list[tuple[float, ...]] = []
    with JsonLines(Path(os.devnull)) as sink:
        while len(times) < count + _WARMUP:
            begun = time.perf_counter()
            frame = next((one for one in given if one is not None), None)
            arrived = time.perf_counter()
            if frame is None:
                break
            fitting = _fitted(frame, scorer)
            if fitting is None:
                continue
            fitted = time.perf_counter()
            probabilities = scorer.probabilities(fitting[np.newaxis])[0]
            scored = time.perf_counter()
            sink.write(_scored(frame, probabilities, scorer, device))
            marks = (begun, arrived, fitted, scored, time.perf_counter())
            times.append(tuple(end - start for start, end in pairwise(marks)))
            if len(times) > _WARMUP:
                tell("the stages of a frame")
    return times[min(_WARMUP, len(times) // 2) :]


def _fitted(frame: Frame, scorer: Scorer) -> Tensor | None:
    """The model's input; None of what is no picture."""
    try:
        return tensor(frame, scorer.contract)
    except PermanentError:
        return None


def _scored(
    frame: Frame, probabilities: NDArray[np.float32], scorer: Scorer, device: Device
) -> Scored:
    return Scored(
        frame,
        probabilities,
        None,
        None,
        contract=scorer.contract,
        model=scorer.digest,
        device=device,
        top=3,
    )


def _noise(device: Device) -> Frames:
    """Pictures of noise without end: what there is to measure with where no camera is."""
    random = np.random.default_rng(_SEED)
    pictures = [random.integers(0, 256, _NOISE, np.uint8) for _ in range(4)]
    number = 0
    while True:
        subject = Subject("noise", etag=device.etag(number))
        yield Frame(subject, number, time.monotonic(), pictures[number % len(pictures)])
        number += 1


def _stages(times: Sequence[tuple[float, ...]]) -> tuple[Stage, ...]:
    columns = np.percentile(np.array(times) * 1000, (50, 90, 99), axis=0).T.tolist()
    return tuple(Stage(name, *column) for name, column in zip(STAGES, columns, strict=True))


def _times_of(stage: Stage) -> dict[str, float]:
    times = {"p50_ms": stage.p50, "p90_ms": stage.p90, "p99_ms": stage.p99}
    return {name: round(value, _DIGITS) for name, value in times.items()}
