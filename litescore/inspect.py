"""What a .tflite file holds, with a contract or without.

Everything but whether the runtimes here load it is read from the file itself: a file that none of
them loads, or of several inputs, is told all the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from litescore import contract as contracts
from litescore.contract import Contract
from litescore.errors import ContractError, ModelError
from litescore.interpreter import Graph, Runtime, available, choose
from litescore.scorer import read_model
from litescore.terminal import hushed
from litescore.tflite import metadata, operations, opversions, tensors
from litescore.tflite.operations import Operation
from litescore.tflite.opversions import Needed
from litescore.tflite.tensors import Tensor


@dataclass(frozen=True)
class Loading:
    """Whether a runtime here loads the file: `refused` is why not, None where it does."""

    runtime: str
    version: str
    refused: str | None

    def __str__(self) -> str:
        return f"{self.runtime} {self.version}"


@dataclass(frozen=True)
class Inspection:
    """Facts of one file.

    size        of the whole file, model_size of the model as the converter wrote it, in bytes
    operations  of all its graphs, the most used first; needed: the runtime that they ask for
    loadings    one for each runtime that works here
    mediapipe   why MediaPipe's ImageClassifier cannot read it; None where it can
    golden      names of the golden files
    """

    path: str
    digest: str
    size: int
    model_size: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    needed: Needed
    loadings: tuple[Loading, ...]
    mediapipe: str | None
    contract: Contract | None
    golden: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "path": self.path,
            "sha256": self.digest,
            "bytes": self.size,
            "model_bytes": self.model_size,
            "inputs": [tensor._asdict() for tensor in self.inputs],
            "outputs": [tensor._asdict() for tensor in self.outputs],
            "operations": [asdict(operation) for operation in self.operations],
            "smallest_runtime": asdict(self.needed),
            "runtimes": [asdict(loading) for loading in self.loadings],
            "mediapipe": {"reads": self.mediapipe is None, "refused": self.mediapipe},
            "contract": json.loads(self.contract.to_json()) if self.contract else None,
            "golden": list(self.golden),
        }


def inspect(path: str | Path) -> Inspection:
    """Read a .tflite file.

    Raises ModelError for a file that is missing or no model, ContractError for a broken contract,
    ConfigurationError where no runtime works at all.
    """
    data = read_model(path)
    try:
        return _look(str(path), data)
    except (ModelError, ContractError) as error:
        raise type(error)(f"{path}: {error}") from error


def _look(path: str, data: bytes) -> Inspection:
    held = tensors.read(data)
    found = operations.read(data)
    needed = opversions.smallest(found)
    files = contracts.associated_files(data)
    choose()
    return Inspection(
        path=path,
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
        model_size=len(contracts.strip(data)),
        inputs=held.inputs,
        outputs=held.outputs,
        operations=found,
        needed=needed,
        loadings=tuple(_load(data, runtime) for runtime in available()),
        mediapipe=metadata.mediapipe_refusal(data) or _missing(needed),
        contract=contracts.read(data),
        golden=tuple(sorted(n for n in files if n.startswith(contracts.GOLDEN_FOLDER))),
    )


def _load(data: bytes, runtime: Runtime) -> Loading:
    refused = None
    try:
        with hushed():
            Graph(data, runtime)
    except ModelError as error:
        # The runtime's own words; the first sentence names what is missing, the others guess.
        refused = str(error.__cause__).partition("\n")[0].partition(". ")[0]
    return Loading(runtime.name, runtime.version, refused)


def _missing(needed: Needed) -> str | None:
    """What MediaPipe's own runtime may lack; it is about as new as LiteRT."""
    unknown = needed.version is None and needed.because is not None
    return f"its runtime may lack {needed.because}" if unknown else None
