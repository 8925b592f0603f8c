"""What an invocation of each file costs on each runtime, batch and number of threads, by turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from statistics import median

from tqdm import tqdm

from benchmarks.choose.models import BATCHES, Made
from litescore.bench.latency import Latency, measure
from litescore.errors import ModelError
from litescore.settings import RUNTIMES

THREADS = (1, 2)
_WARMUP, _RUNS = 3, 200


def costs(files: Sequence[Made], count: int, seconds: float) -> list[dict[str, object]]:
    """A row for each: milliseconds an image of the fastest invocation; `ratio`, over the same of the
    f32 file on LiteRT at batch 1 and one thread; MB at the peak.

    The fastest one is what other work on the machine disturbed least. A runtime that refuses a file
    is a row with the reason.
    """
    found: dict[tuple[str, str, int, int], list[Latency]] = defaultdict(list)
    refused: dict[tuple[str, str], str] = {}
    every = list(product(RUNTIMES, BATCHES, THREADS, files))
    for runtime, batch, threads, file in tqdm(every * count, mininterval=1):
        path = file.paths[None if runtime == "litert" else batch]
        try:
            latency = measure(
                path.read_bytes(), runtime=runtime, batch=batch, threads=threads,
                runs=_RUNS, warmup=_WARMUP, seconds=seconds,
            )  # fmt: skip
        except ModelError as error:
            refused[file.variant, runtime] = str(error)
        else:
            found[file.variant, runtime, batch, threads].append(latency)
    base = _fastest(found["f32", "litert", 1, 1])
    rows = [_row(place, latencies, base) for place, latencies in found.items()]
    told = [
        {"variant": variant, "runtime": runtime, "refused": why}
        for (variant, runtime), why in refused.items()
    ]
    return [*rows, *told]


def _row(
    place: tuple[str, str, int, int], latencies: Sequence[Latency], base: float
) -> dict[str, object]:
    variant, runtime, batch, threads = place
    fastest = _fastest(latencies) / batch
    memory = [one.memory for one in latencies if one.memory is not None]
    return {
        "variant": variant,
        "runtime": runtime,
        "version": latencies[0].version,
        "batch": batch,
        "threads": threads,
        "ms": round(fastest, 5),
        "ratio": round(fastest / base, 3),
        "mb": round(median(memory), 1) if memory else None,
    }


def _fastest(latencies: Sequence[Latency]) -> float:
    """Milliseconds of one invocation."""
    return min(one.fastest for one in latencies if one.fastest is not None)
