"""What one invocation of a model costs here, asked of a process of its own (`litescore.bench.timing`).

So a caller may have TensorFlow loaded, and the memory told is the model's. It needs no contract and
knows nothing of pictures.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from litescore.bench.timing import Question
from litescore.errors import ConfigurationError, ModelError

RUNS, WARMUP, SECONDS = 200, 20, 10.0


@dataclass(frozen=True)
class Latency:
    """What an invocation of `batch` images took: inputs set, graph run, outputs read.

    runtime, version   `litert` or `tflite-runtime`, and its release
    batch              images an invocation took; the model's own where `fixed_batch`
    threads            of the interpreter
    runs               invocations that count
    p50, p90, p99      milliseconds
    images_per_second  at the median
    memory             MB (millions of bytes) at the peak, above a process that has the runtime
                       loaded and no model; None where the system does not say (Linux does)
    fastest            milliseconds of the one invocation that other work disturbed least; None
                       where it was not told, as in a bench read from JSON
    """

    runtime: str
    version: str
    batch: int
    fixed_batch: bool
    threads: int
    runs: int
    p50: float
    p90: float
    p99: float
    images_per_second: float
    memory: float | None
    fastest: float | None = None


def measure(
    model: bytes,
    *,
    runtime: str,
    batch: int,
    threads: int = 1,
    runs: int = RUNS,
    warmup: int = WARMUP,
    seconds: float = SECONDS,
) -> Latency:
    """Time up to `runs` invocations of a .tflite file after `warmup` uncounted ones.

    A slow model is stopped after `seconds`, and has been invoked once at least. A model with a
    fixed batch keeps it. Starting the process takes about 0.2 s on top. Raises ModelError with the
    runtime's reason for a model that it refuses, ConfigurationError for a runtime that does not
    work here.
    """
    said = _ask(model, Question(runtime, batch, threads, runs, warmup, seconds))
    times = said["times"]
    p50, p90, p99 = (float(value) for value in np.percentile(times, (50, 90, 99)))
    return Latency(
        runtime=runtime,
        version=said["version"],
        batch=said["batch"],
        fixed_batch=said["fixed_batch"],
        threads=threads,
        runs=len(times),
        p50=p50,
        p90=p90,
        p99=p99,
        images_per_second=said["batch"] / p50 * 1000,
        memory=said["memory"],
        fastest=min(times),
    )


def _ask(model: bytes, question: Question) -> dict[str, Any]:
    """What the child answered. Raises what it could not do."""
    # -P: a file in the current folder must not stand for a module of the child's.
    command = [sys.executable, "-P", "-m", "litescore.bench.timing"]
    given = json.dumps(asdict(question)).encode() + b"\n" + model
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode:
        raise ModelError(f"{question.runtime} {_death(done)} on the model")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "refused" in said:
        error = ModelError if said["kind"] == ModelError.__name__ else ConfigurationError
        raise error(said["refused"])
    return said


def _death(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode < 0:
        return f"died of {signal.Signals(-done.returncode).name}"
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return f"failed ({last or f'exit code {done.returncode}'})"
