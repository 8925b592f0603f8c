"""The figure that LiteRT's own command, `litert-benchmark` of its wheel, gives for a model.

It runs a file as it is, so a batch is written into a copy first.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
from itertools import chain
from pathlib import Path

from litescore.bench.latency import Latency
from litescore.tflite import tensors
from litescore.tflite.flatbuffer import Table

COMMAND = "litert-benchmark"

# Fields of Tensor in the schema: tensorflow/compiler/mlir/lite/schema/schema.fbs.
_SHAPE, _SIGNATURE = 0, 7


def find() -> Path | None:
    """The command, of this environment or in PATH; None where there is none."""
    beside = Path(sys.executable).with_name(COMMAND)
    found = shutil.which(beside) or shutil.which(COMMAND)
    return Path(found) if found else None


def median(command: Path, model: bytes, like: Latency, *, warmup: int) -> float | None:
    """Milliseconds (whole hundredths) of an invocation at the same batch, threads and runs as
    `like`, at the median; None where the command cannot run the model.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, result = Path(folder, "model.tflite"), Path(folder, "result.json")
        file.write_bytes(model if like.fixed_batch else with_batch(model, like.batch))
        words = {
            "model": file,
            "num_threads": like.threads,
            "num_runs": like.runs,
            "warmup_runs": min(warmup, like.runs),
            "result_json": result,
        }
        line = [str(command), *(f"--{name}={value}" for name, value in words.items())]
        subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if not result.exists():
            return None
        return float(json.loads(result.read_text())["latency"]["median_ms"])


def with_batch(model: bytes, batch: int) -> bytes:
    """The model with `batch` in place of an open one, written into the shapes of its inputs and
    outputs: the buffers of `litert-benchmark` are made by those. What lies between follows.
    """
    data = bytearray(model)
    for tensor in chain(*tensors.tables(model)):
        if tensor.vector(_SIGNATURE, "i")[:1] == (-1,):
            for field in (_SHAPE, _SIGNATURE):
                _write_first(data, tensor, field, batch)
    return bytes(data)


def _write_first(data: bytearray, table: Table, field: int, number: int) -> None:
    """Put a number in place of the first of a vector of int32, behind the vector's length."""
    place = table.target(field)
    if place is not None and table.vector(field, "i"):
        struct.pack_into("<i", data, place + 4, number)
