"""The whole export: convert, prove, gate, and only then write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export import convert, proof, run_folder
from export.calibrate import representative
from export.proof import Exam, Reading
from litescore import contract as contracts
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import GateError
from litescore.files import write_whole


@dataclass(frozen=True)
class Exported:
    """What an export found: accuracies are shares 0..1, `drop` is in percentage points."""

    path: Path
    contract: Contract
    size: int
    keras_accuracy: float
    readings: Sequence[Reading]
    test: Dataset
    keras: NDArray[np.float32]

    @property
    def drop(self) -> float:
        return _drop(self.keras_accuracy, self.readings)


def export_run(
    folder: str | Path,
    *,
    variant: str,
    out: str | Path,
    data: str | None = None,
    batch: int | None = None,
    max_drop: float = 1.0,
    tell: Callable[[str], None] = lambda _line: None,
) -> Exported:
    """Export the run in `folder` as `variant` to the file `out`.

    data      labelled images; what the run recorded by default
    batch     a fixed batch, or None for a dynamic one
    max_drop  percentage points of test accuracy that the file may lose to the Keras model
    tell      is given a line at each step

    Raises GateError, with nothing written, when the file loses more.
    """
    run = run_folder.read(folder)
    tell(f"Reading {run.model} and its data")
    train, test = run_folder.open_data(run, data)
    tensors = test.tensors(run.contract)
    classes = test.classes_for(run.contract.labels)
    model = convert.load_model(run.model)
    tell(f"Converting to {variant}")
    calibration = representative(train, run.contract)
    file = convert.convert(model, run.contract, variant, calibration, batch)
    tell(f"Proving it on {len(test):,} test images against Keras")
    keras = convert.predict(convert.probability_model(model, run.contract), tensors)
    exam = Exam(file, run.contract.labels, tensors, classes, keras)
    readings = proof.read_all(exam)
    keras_accuracy = proof.accuracy(keras, classes)
    _gate(keras_accuracy, readings, max_drop, variant)
    contract = replace(
        run.contract, variant=variant, accuracy=_scores(keras_accuracy, readings, len(test))
    )
    whole = contracts.append(file, contract, proof.golden_files(exam, readings))
    path = write_whole(out, whole)
    return Exported(path, contract, len(whole), keras_accuracy, readings, test, keras)


def _gate(keras: float, readings: Sequence[Reading], max_drop: float, variant: str) -> None:
    drop = _drop(keras, readings)
    if drop > max_drop:
        raise GateError(
            f"the {variant} file loses {drop:.2f} points of test accuracy to the Keras model, "
            f"--max-drop is {max_drop:g}: nothing written; try another --quantize"
        )


def _drop(keras: float, readings: Sequence[Reading]) -> float:
    worst = min(reading.accuracy for reading in readings if not reading.refused)
    return (keras - worst) * 100


def _scores(keras: float, readings: Sequence[Reading], n: int) -> dict[str, object]:
    read = [reading for reading in readings if reading.comparison is not None]
    return {
        "float": keras,
        "exported": {reading.runtime: reading.accuracy for reading in read},
        "n": n,
        "agreement": min(r.comparison.agreement for r in read if r.comparison is not None),
    }
