"""One model timed in a process of its own: `python -m litescore.bench.timing`, the child of `bench`.

A process that has TensorFlow loaded cannot run tflite-runtime, and the peak memory of a process
says nothing of a model when another one ran there before. The question comes on standard input,
one line of JSON and then the model's bytes; the answer leaves on standard output as JSON. It knows
no contract and no pictures.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import ConfigurationError, ModelError
from litescore.interpreter import Graph, TensorInfo, choose

_SEED = 1
# Of the time for the counted runs, what those before them may take of a slow model.
_WARMUP_SHARE = 0.2
_PROC = Path("/proc/self")


@dataclass(frozen=True)
class Question:
    """What to time: up to `runs` invocations or `seconds`, whichever ends first, after `warmup`."""

    runtime: str
    batch: int
    threads: int
    runs: int
    warmup: int
    seconds: float


@dataclass(frozen=True)
class Answer:
    """How it went.

    version      of the runtime, as `2.3.0`
    batch        images an invocation took: the model's own where `fixed_batch`
    times        milliseconds of each counted invocation
    memory       MB (millions of bytes) at the peak above the process without a model; None where
                 the system does not say (it does on Linux)
    """

    version: str
    batch: int
    fixed_batch: bool
    times: list[float]
    memory: float | None


def answer(question: Question) -> Answer:
    """Time the model on standard input. Raises ModelError with the runtime's reason."""
    runtime = choose(question.runtime)
    before = restart_peak()
    graph = Graph(sys.stdin.buffer.read(), runtime, threads=question.threads)
    fixed = not any(taken.shape[:1] == (-1,) for taken in graph.inputs)
    if not fixed:
        graph.resize(question.batch)
    batch = _own_batch(graph) if fixed else question.batch
    given = [_filled(taken, batch) for taken in graph.inputs]
    try:
        times = _times(graph, given, question)
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(f"{runtime} cannot run the model: {reason}") from error
    after = peak()
    memory = None if before is None or after is None else (after - before) / 1e6
    return Answer(runtime.version, batch, fixed, times, memory)


def _own_batch(graph: Graph) -> int:
    """What a graph with no open batch takes at once, by the first of its inputs."""
    return next((taken.shape[0] for taken in graph.inputs if taken.shape), 1)


def _filled(taken: TensorInfo, batch: int) -> NDArray[Any]:
    """A tensor for an input: a network takes the same time for any picture."""
    shape = taken.shape
    if -1 in shape[1:]:
        raise ModelError(f"the input is {list(shape)}: only the batch may be open")
    shape = (batch, *shape[1:]) if shape[:1] == (-1,) else shape
    # Such whole numbers are lengths, or places in a table that may be short.
    if taken.dtype.kind == "b" or (taken.dtype.itemsize > 2 and taken.dtype.kind in "iu"):
        return np.zeros(shape, taken.dtype)
    values = np.random.default_rng(_SEED).integers(0, 128, shape, np.uint8)
    return values.astype(taken.dtype)


def _times(graph: Graph, given: Sequence[NDArray[Any]], question: Question) -> list[float]:
    """Milliseconds of each counted invocation: inputs set, graph run, outputs read."""
    _timed(graph, given, question.warmup, question.seconds * _WARMUP_SHARE)
    return _timed(graph, given, question.runs, question.seconds)


def _timed(graph: Graph, given: Sequence[NDArray[Any]], runs: int, seconds: float) -> list[float]:
    clock, run = time.perf_counter, graph.run
    times: list[float] = []
    end = clock() + seconds
    for _ in range(runs):
        begun = clock()
        run(given)
        done = clock()
        times.append((done - begun) * 1000)
        if done > end:
            break
    return times


def restart_peak() -> int | None:
    """Make the peak what is in use now, and give it; None where the system does not tell.

    What the imports took for a moment would hide what a small model takes.
    """
    try:
        (_PROC / "clear_refs").write_text("5")
    except OSError:
        return None
    return peak()


def peak() -> int | None:
    """Bytes that this process used at most, of its own: ru_maxrss counts the parent's as well."""
    try:
        lines = (_PROC / "status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


def main() -> None:
    """Answer one question; a refusal is an answer too."""
    question = Question(**json.loads(sys.stdin.buffer.readline()))
    said: dict[str, Any]
    try:
        said = asdict(answer(question))
    except ConfigurationError as error:
        said = {"kind": type(error).__name__, "refused": str(error)}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
