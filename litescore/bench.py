"""What one invocation of a model costs on this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from litescore.errors import ModelError
from litescore.interpreter import available, choose
from litescore.scorer import Scorer

_SEED = 1


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one invocation (percentiles) and images a second at the median."""

    runtime: str
    batch: int
    threads: int
    p50: float
    p90: float
    p99: float
    images_per_second: float

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def latencies(
    model: str, *, threads: int, batch: int, runs: int, labels: Sequence[str] | None = None
) -> tuple[list[Latency], list[str]]:
    """A model's latency on each runtime here, and what those said that cannot load it.

    Raises ModelError when none can, and as Scorer.
    """
    found, refused = [], []
    for runtime in available() or [choose()]:
        try:
            scorer = Scorer(
                model, threads=threads, batch=batch, labels=labels, runtime=runtime.name
            )
        except ModelError as error:
            refused.append(error)
        else:
            found.append(latency(scorer, threads=threads, runs=runs))
    if not found:
        raise refused[0]
    return found, [str(error) for error in refused]


def latency(scorer: Scorer, *, threads: int, runs: int = 200, warmup: int = 20) -> Latency:
    """Time `runs` invocations of the scorer at its own batch, after `warmup` uncounted ones.

    `threads` is what the scorer was made with. Pixels are noise: a network takes the same time
    for any picture.
    """
    c = scorer.contract
    shape = (scorer.batch, c.height, c.width, c.channels)
    tensors = np.random.default_rng(_SEED).integers(0, 256, shape, np.uint8)
    for _ in range(warmup):
        scorer.probabilities(tensors)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        scorer.probabilities(tensors)
        times.append((time.perf_counter() - start) * 1000)
    p50, p90, p99 = (float(value) for value in np.percentile(times, (50, 90, 99)))
    return Latency(
        str(scorer.runtime_used), scorer.batch, threads, p50, p90, p99, scorer.batch / p50 * 1000
    )
