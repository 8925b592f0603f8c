"""What model files cost here: each on every runtime, batch and number of threads asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from litescore import contract as contracts
from litescore.bench import litert_benchmark
from litescore.bench.latency import RUNS, SECONDS, WARMUP, measure
from litescore.bench.measured import ModelFile, Row
from litescore.errors import ContractError, ModelError
from litescore.interpreter import Runtime
from litescore.scorer import read_model
from litescore.tflite import wholeness


@dataclass(frozen=True)
class Plan:
    """What to measure of each file: every runtime at every batch and number of threads.

    runs, warmup, seconds  as `measure` takes them
    beside                 the `litert-benchmark` command, to be asked as well; None to leave it
    """

    runtimes: Sequence[Runtime]
    batches: Sequence[int] = (1,)
    threads: Sequence[int] = (1,)
    runs: int = RUNS
    warmup: int = WARMUP
    seconds: float = SECONDS
    beside: Path | None = None


def look(path: str) -> tuple[ModelFile, bytes]:
    """A file and its bytes, from a path or s3:// URL.

    Raises ModelError for what is no model, ContractError for a contract that is broken.
    """
    model = read_model(path)
    try:
        wholeness.check(model)
        alone, held = contracts.strip(model), contracts.read(model)
    except (ModelError, ContractError) as error:
        raise type(error)(f"{path}: {error}") from error
    whole, inner = (hashlib.sha256(data).hexdigest() for data in (model, alone))
    return ModelFile(path, whole, inner, len(model), held.variant if held else None), model


def rows(file: ModelFile, model: bytes, plan: Plan, tell: Callable[[str], None]) -> Iterator[Row]:
    """A row of the file as soon as it is measured; `tell` hears what comes next.

    A model with a fixed batch is measured at that one alone. A runtime's refusal is a row.
    """
    for runtime in plan.runtimes:
        for threads in plan.threads:
            for batch in plan.batches:
                tell(f"{file.path}: {runtime}, batch {batch}, threads {threads}")
                row = _row(file, model, plan, runtime, batch, threads)
                yield row
                if row.latency and row.latency.fixed_batch:
                    break


def _row(
    file: ModelFile, model: bytes, plan: Plan, runtime: Runtime, batch: int, threads: int
) -> Row:
    facts = (file, runtime.name, runtime.version)
    try:
        found = measure(
            model,
            runtime=runtime.name,
            batch=batch,
            threads=threads,
            runs=plan.runs,
            warmup=plan.warmup,
            seconds=plan.seconds,
        )
    except ModelError as error:
        return Row(*facts, batch, threads, refused=str(error))
    beside = None
    if plan.beside and runtime.name == "litert":
        beside = litert_benchmark.median(plan.beside, model, found, warmup=plan.warmup)
    return Row(*facts, found.batch, threads, found, beside)
