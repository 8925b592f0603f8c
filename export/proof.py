"""What the exported bytes answer through the real runtimes, held against the Keras model.

The runtimes are read in a process of their own: where TensorFlow is loaded, its symbols shadow
those of tflite-runtime, which then refuses every model ("vector::reserve"). No device has
TensorFlow beside the runtime either. So this module must not import it.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litescore import image, interpreter
from litescore.errors import ModelError
from litescore.golden import GOLDEN_IMAGES, answers_file
from litescore.scorer import Comparison, Scorer, compare

# Images an invocation takes while proving; the answers do not depend on it.
_BATCH = 64


@dataclass(frozen=True)
class Reading:
    """What one runtime made of the file: its accuracy (0..1), how it agrees with Keras, and its
    answers to the golden images (as JSON); or why it cannot load the file.
    """

    runtime: str
    version: str
    accuracy: float = 0.0
    comparison: Comparison | None = None
    probabilities: NDArray[np.float32] | None = None
    golden: bytes = b""
    refused: str | None = None

    def __str__(self) -> str:
        return f"{self.runtime} {self.version}"


@dataclass(frozen=True)
class Exam:
    """What every runtime is asked.

    tensors uint8[n, h, w, c]; classes int64[n]; keras float32[n, classes], the Keras model's
    answers; golden: the indices of the images that become golden samples.
    """

    model: bytes
    labels: Sequence[str]
    tensors: NDArray[np.uint8]
    classes: NDArray[np.int64]
    keras: NDArray[np.float32]

    @property
    def golden(self) -> NDArray[np.intp]:
        """The first image of each class, in order of class, as many as golden samples there are."""
        return np.unique(self.classes, return_index=True)[1][:GOLDEN_IMAGES]


def read_all(exam: Exam) -> list[Reading]:
    """One reading for each runtime that works here.

    Raises ModelError when none loads the file.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        readings = process.submit(_read_here, exam).result()
    if all(reading.refused for reading in readings):
        reasons = "; ".join(f"{reading}: {reading.refused}" for reading in readings)
        raise ModelError(f"no runtime here loads the exported file ({reasons})")
    return readings


def accuracy(probabilities: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
    """Share of images whose best class is the true one, 0..1; ties go to the lowest index."""
    return float((probabilities.argmax(axis=1) == classes).mean())


def golden_files(exam: Exam, readings: Sequence[Reading]) -> Mapping[str, bytes]:
    """Golden samples: a few test images as PNG, and what each runtime here answers to them."""
    files = {
        f"{number}.png": image.encode_png(exam.tensors[index])
        for number, index in enumerate(exam.golden)
    }
    return files | {answers_file(r.runtime): r.golden for r in readings if not r.refused}


def _read_here(exam: Exam) -> list[Reading]:
    return [_read(exam, runtime) for runtime in interpreter.available()]


def _read(exam: Exam, runtime: interpreter.Runtime) -> Reading:
    try:
        scorer = Scorer(exam.model, labels=exam.labels, batch=_BATCH, runtime=runtime.name)
    except ModelError as error:
        return Reading(runtime.name, runtime.version, refused=str(error))
    got = scorer.probabilities(exam.tensors)
    # One image at a time, as a device replays them: floats depend on the batch in their last bits.
    golden = Scorer(exam.model, labels=exam.labels, runtime=runtime.name)
    return Reading(
        runtime.name,
        runtime.version,
        accuracy(got, exam.classes),
        compare(exam.keras, got, step=scorer.step),
        got,
        _as_json(runtime, golden.outputs(exam.tensors[exam.golden])),
    )


def _as_json(runtime: interpreter.Runtime, outputs: NDArray[np.generic]) -> bytes:
    answers = {
        "runtime": runtime.name,
        "version": runtime.version,
        "dtype": str(outputs.dtype),
        "outputs": outputs.tolist(),
    }
    return (json.dumps(answers) + "\n").encode()
