"""What a .tflite file holds, with a contract or without."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litescore import contract as contracts
from litescore.contract import Contract
from litescore.errors import ContractError, ModelError
from litescore.interpreter import Interpreter, Runtime, TensorInfo, choose
from litescore.scorer import read_model


@dataclass(frozen=True)
class Inspection:
    """Facts read from the file and from the interpreter that loaded it."""

    path: str
    digest: str
    size: int
    model_size: int
    runtime: Runtime
    input: TensorInfo
    output: TensorInfo
    operations: dict[str, int]
    contract: Contract | None
    golden: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        held = json.loads(self.contract.to_json()) if self.contract else None
        return {
            "path": self.path,
            "sha256": self.digest,
            "bytes": self.size,
            "model_bytes": self.model_size,
            "runtime": str(self.runtime),
            "input": _as_json(self.input),
            "output": _as_json(self.output),
            "operations": self.operations,
            "contract": held,
            "golden": list(self.golden),
        }


def inspect(path: str | Path) -> Inspection:
    """Read a .tflite file.

    Raises ModelError for a file that is missing or no model, ContractError for a broken contract.
    """
    data = read_model(path)
    try:
        return _look(str(path), data)
    except (ModelError, ContractError) as error:
        raise type(error)(f"{path}: {error}") from error


def _look(path: str, data: bytes) -> Inspection:
    runtime = choose()
    interpreter = Interpreter(data, runtime)
    files = contracts.associated_files(data)
    return Inspection(
        path=path,
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
        model_size=len(contracts.strip(data)),
        runtime=runtime,
        input=interpreter.input,
        output=interpreter.output,
        operations=dict(Counter(interpreter.operations()).most_common()),
        contract=contracts.read(data),
        golden=tuple(sorted(n for n in files if n.startswith(contracts.GOLDEN_FOLDER))),
    )


def _as_json(tensor: TensorInfo) -> dict[str, Any]:
    return {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype),
        "scale": tensor.scale,
        "zero_point": tensor.zero_point,
    }
