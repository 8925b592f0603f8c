"""Milliseconds of an image, from what `litescore bench` measured of a model or measures now.

A bench knows the model alone; fetching, decoding and recording are assumed on top.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from infra.cost.work import Assumed
from litescore.errors import DataError, UsageError

if TYPE_CHECKING:
    from litescore.bench.measured import Row

# Enough for a figure of which decoding is the larger part.
_RUNS, _SECONDS = 50, 3.0
_BATCHES = (1, 32)


def image_milliseconds(model_milliseconds: float, kilobytes: float, assumed: Assumed) -> float:
    """Of an image in all, where its model takes so long."""
    return model_milliseconds + assumed.around_ms + assumed.decode_ms_per_kb * kilobytes


def from_bench(path: str, model: str | None = None) -> float:
    """The quickest milliseconds an image of a model's on one thread, in a file of the bench.

    Raises DataError for no such file or no such model in it, UsageError where it holds several
    models and none is named.
    """
    from litescore.bench import measured

    rows = measured.read(path).rows
    if model is not None:
        from litescore.bench.plan import look

        digest = look(model)[0].model_sha256
        rows = tuple(row for row in rows if row.file.model_sha256 == digest)
    names = sorted({row.file.path for row in rows})
    if len({row.file.model_sha256 for row in rows}) > 1:
        raise UsageError(f"{path} holds several models: name one with --model ({', '.join(names)})")
    return _quickest(rows, path)


def from_model(path: str) -> float:
    """The same, measured on this machine now, in a few seconds."""
    from litescore.bench.plan import Plan, look, rows
    from litescore.interpreter import available, choose

    file, model = look(path)
    plan = Plan(available() or [choose()], _BATCHES, runs=_RUNS, seconds=_SECONDS)
    return _quickest(rows(file, model, plan, lambda _line: None), path)


def _quickest(rows: Iterable[Row], path: str) -> float:
    speeds = [row.latency.images_per_second for row in rows if row.latency and row.threads == 1]
    if not speeds:
        raise DataError(f"{path} has no latency of that model on one thread: bench it again")
    return 1000 / max(speeds)
