"""What a bench found, in and out of JSON: figures travel from the machine that made them.

It measures nothing and loads no runtime.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litescore.bench.latency import Latency
from litescore.errors import DataError

VERSION = 1
# Of a millisecond: a nanosecond, the finest that a clock tells.
_DIGITS = 6


@dataclass(frozen=True)
class ModelFile:
    """A .tflite file to be measured.

    path          as it was named
    sha256        of the whole file
    model_sha256  of the model alone: the same whatever its contract says
    bytes         the file's size
    variant       the contract's, None without one
    """

    path: str
    sha256: str
    model_sha256: str
    bytes: int
    variant: str | None


@dataclass(frozen=True)
class Row:
    """One file on a runtime, at a batch and a number of threads.

    latency           None where the runtime refused the file
    litert_benchmark  milliseconds (median) that `litert-benchmark` told, None where it did not
    refused           why there is no latency, or None
    """

    file: ModelFile
    runtime: str
    version: str
    batch: int
    threads: int
    latency: Latency | None = None
    litert_benchmark: float | None = None
    refused: str | None = None

    def as_json(self) -> dict[str, object]:
        """One flat object; what was not measured is null."""
        found = self.latency
        return {
            "path": self.file.path,
            "sha256": self.file.sha256,
            "model_sha256": self.file.model_sha256,
            "bytes": self.file.bytes,
            "variant": self.file.variant,
            "runtime": self.runtime,
            "version": self.version,
            "batch": self.batch,
            "fixed_batch": found.fixed_batch if found else None,
            "threads": self.threads,
            "runs": found.runs if found else None,
            "p50_ms": round(found.p50, _DIGITS) if found else None,
            "p90_ms": round(found.p90, _DIGITS) if found else None,
            "p99_ms": round(found.p99, _DIGITS) if found else None,
            "images_per_second": found.images_per_second if found else None,
            "memory_mb": found.memory if found else None,
            "litert_benchmark_ms": self.litert_benchmark,
            "refused": self.refused,
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Row:
        """The row that `as_json` made. Raises KeyError or ValueError for anything else."""
        refused = held["refused"]
        variant = held["variant"]
        beside = held["litert_benchmark_ms"]
        file = ModelFile(
            path=_text(held["path"]),
            sha256=_text(held["sha256"]),
            model_sha256=_text(held["model_sha256"]),
            bytes=_count(held["bytes"]),
            variant=None if variant is None else _text(variant),
        )
        return cls(
            file,
            runtime=_text(held["runtime"]),
            version=_text(held["version"]),
            batch=_count(held["batch"]),
            threads=_count(held["threads"]),
            latency=_latency(held) if refused is None else None,
            litert_benchmark=None if beside is None else _figure(beside),
            refused=None if refused is None else _text(refused),
        )


@dataclass(frozen=True)
class Measured:
    """What one bench found, and on which machine (a JSON object, as `Machine.as_json` gives)."""

    machine: Mapping[str, object]
    rows: tuple[Row, ...]

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it and `read` takes it."""
        rows = [row.as_json() for row in self.rows]
        return {"v": VERSION, "machine": dict(self.machine), "rows": rows}

    def latency(
        self,
        model_sha256: str,
        *,
        batch: int,
        runtime: str | None = None,
        threads: int | None = None,
    ) -> Latency | None:
        """The quickest latency of a model (the digest of `contract.strip`) at a batch, of any
        runtime and number of threads where none is named; None where it was not measured.
        """
        fitting = [
            row.latency
            for row in self.rows
            if row.latency
            and (row.file.model_sha256, row.batch) == (model_sha256, batch)
            and runtime in (None, row.runtime)
            and threads in (None, row.threads)
        ]
        return min(fitting, key=lambda one: one.p50, default=None)


def read(path: str | Path) -> Measured:
    """What `litescore bench --json` wrote into a file.

    Raises DataError for a file that cannot be read, or that it did not write.
    """
    try:
        held = json.loads(Path(path).read_bytes())
        if held["v"] != VERSION:
            raise DataError(
                f"{path} is a bench of version {held['v']!r}, this litescore reads {VERSION}: "
                "measure again with this litescore"
            )
        return Measured(dict(held["machine"]), tuple(Row.from_json(row) for row in held["rows"]))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path} is not what `litescore bench --json` writes: make it on the machine to run "
            "on, with `litescore bench MODEL... --json > bench.json`"
        ) from error


def _latency(held: Mapping[str, Any]) -> Latency:
    memory = held["memory_mb"]
    return Latency(
        runtime=_text(held["runtime"]),
        version=_text(held["version"]),
        batch=_count(held["batch"]),
        fixed_batch=bool(held["fixed_batch"]),
        threads=_count(held["threads"]),
        runs=_count(held["runs"]),
        p50=_figure(held["p50_ms"]),
        p90=_figure(held["p90_ms"]),
        p99=_figure(held["p99_ms"]),
        images_per_second=_figure(held["images_per_second"]),
        memory=None if memory is None else _figure(memory),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{value!r} is no whole number from 1 on")
    return value


def _figure(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise ValueError(f"{value!r} is no figure")
    return float(value)
