"""The figure that LiteRT's own command, `litert-benchmark` of its wheel, gives for a model.

It runs a file as it is, so a batch is written into a copy first.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from flatbuffers import encode, number_types
from flatbuffers.table import Table

from litescore.bench.latency import Latency

COMMAND = "litert-benchmark"

# Fields of the schema: tensorflow/compiler/mlir/lite/schema/schema.fbs.
_SUBGRAPHS, _TENSORS, _INPUTS, _OUTPUTS, _SHAPE, _SIGNATURE = 2, 0, 1, 2, 0, 7
_INT = number_types.Int32Flags.packer_type


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
    root = Table(data, encode.Get(number_types.UOffsetTFlags.packer_type, data, 0))
    graph = _element(root, _SUBGRAPHS, 0)
    for ends in (_INPUTS, _OUTPUTS):
        for number in _whole_numbers(graph, ends):
            tensor = _element(graph, _TENSORS, number)
            if _whole_numbers(tensor, _SIGNATURE)[:1] == [-1]:
                for field in (_SHAPE, _SIGNATURE):
                    encode.Write(_INT, data, _vector(tensor, field), batch)
    return bytes(data)


def _whole_numbers(table: Table, field: int) -> list[int]:
    """A vector of int32; empty where the table has no such field."""
    offset = table.Offset(4 + 2 * field)
    if not offset:
        return []
    start = table.Vector(offset)
    places = range(start, start + 4 * table.VectorLen(offset), 4)
    return [encode.Get(_INT, table.Bytes, place) for place in places]


def _element(table: Table, field: int, index: int) -> Table:
    """One of a vector of tables."""
    return Table(table.Bytes, table.Indirect(_vector(table, field) + 4 * index))


def _vector(table: Table, field: int) -> int:
    """Where the first element of a vector lies."""
    place: int = table.Vector(table.Offset(4 + 2 * field))
    return place
