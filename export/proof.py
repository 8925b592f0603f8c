"""What exported bytes answer through the real runtimes, held against the Keras model.

The runtimes are read in a process of their own: where TensorFlow is loaded, its symbols shadow
those of tflite-runtime, which then refuses every model ("vector::reserve"). No device has
TensorFlow beside the runtime either. So this module must not import it.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from litescore import contract as contracts
from litescore import image, interpreter
from litescore.comparison import Comparison, compare
from litescore.contract import Contract
from litescore.errors import ModelError
from litescore.evaluate import confusion
from litescore.golden import GOLDEN_IMAGES, answers_file
from litescore.scorer import Scorer

# Images an invocation takes while proving; the answers do not depend on it.
_BATCH = 64


@dataclass(frozen=True)
class Exam:
    """What every file is asked.

    contract  of the files; tensors uint8[n, h, w, c]; classes int64[n];
    keras     float32[n, classes], the Keras model's own answers;
    golden    uint8[m, h, w, c], the images that become golden samples
    """

    contract: Contract
    tensors: NDArray[np.uint8]
    classes: NDArray[np.int64]
    keras: NDArray[np.float32]
    golden: NDArray[np.uint8]

    @property
    def accuracy(self) -> float:
        """The Keras model's own, 0..1."""
        return accuracy(self.keras, self.classes)

    @property
    def recall(self) -> NDArray[np.float64]:
        """The Keras model's own of each class, 0..1; nan for a class without images."""
        return recall(self.keras, self.classes)


@dataclass(frozen=True)
class Reading:
    """What one runtime made of a file, or why it cannot load it.

    accuracy       0..1; recall float64[classes], nan for a class without images
    comparison     with the Keras model's answers
    probabilities  float32[n, classes]
    golden         its answers to the golden images, as JSON
    """

    runtime: str
    version: str
    accuracy: float = 0.0
    recall: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    comparison: Comparison | None = None
    probabilities: NDArray[np.float32] | None = None
    golden: bytes = b""
    refused: str | None = None

    def __str__(self) -> str:
        return f"{self.runtime} {self.version}"


class Reader:
    """A process that holds an exam and reads files by it. Made by `reader`."""

    def __init__(self, exam: Exam) -> None:
        self._exam = exam
        self._process = self._start()

    def close(self) -> None:
        self._process.shutdown()

    def runtimes(self) -> list[str]:
        """Names of the runtimes that work here; asked of the process, which has no TensorFlow."""
        return self._process.submit(_runtimes_here).result()

    def read(self, file: bytes, runtimes: Sequence[str] | None = None) -> list[Reading]:
        """One reading for each runtime that works here, or for those named that do.

        Raises ModelError for a file that ends the process.
        """
        try:
            return self._process.submit(_read_here, file, runtimes).result()
        except BrokenProcessPool:
            # The next file may be read all the same.
            self._process = self._start()
            raise ModelError(
                "a runtime died reading the exported file: try another --quantize"
            ) from None

    def _start(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, spawn, initializer=_hold, initargs=(self._exam,))


@contextmanager
def reader(exam: Exam) -> Iterator[Reader]:
    """A reader of files by this exam, for as long as the context lasts."""
    made = Reader(exam)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def scorer(model: bytes) -> Iterator[Callable[[NDArray[np.uint8]], NDArray[np.float32]]]:
    """What a whole model file answers through the preferred runtime, for as long as the context
    lasts: uint8[n, h, w, c] -> float32[n, classes].
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        yield lambda tensors: process.submit(_answer, model, tensors).result()


def read_all(file: bytes, exam: Exam, runtimes: Sequence[str] | None = None) -> list[Reading]:
    """As `Reader.read`, for one file. Raises ModelError when no runtime loads it."""
    with reader(exam) as process:
        readings = process.read(file, runtimes)
    if all(reading.refused for reading in readings):
        reasons = "; ".join(f"{reading}: {reading.refused}" for reading in readings)
        raise ModelError(f"no runtime here loads the exported file ({reasons})")
    return readings


def accuracy(probabilities: NDArray[np.float32], classes: NDArray[np.int64]) -> float:
    """Share of images whose best class is the true one, 0..1; ties go to the lowest index."""
    return float((probabilities.argmax(axis=1) == classes).mean())


def recall(probabilities: NDArray[np.float32], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[classes]: share of each class's images that were found; nan where there are none."""
    counts = confusion(probabilities.argmax(axis=1), classes, probabilities.shape[1])
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float64] = counts.diagonal() / counts.sum(axis=1)
    return shares


def first_of_each(classes: NDArray[np.int64]) -> NDArray[np.intp]:
    """The first image of each class, in order of class, as many as golden samples there are."""
    return np.unique(classes, return_index=True)[1][:GOLDEN_IMAGES]


def golden_files(exam: Exam, readings: Sequence[Reading]) -> Mapping[str, bytes]:
    """Golden samples: a few test images as PNG, and what each runtime here answers to them."""
    files = {f"{n}.png": image.encode_png(pixels) for n, pixels in enumerate(exam.golden)}
    return files | {answers_file(r.runtime): r.golden for r in readings if not r.refused}


_held: list[Exam] = []


def _hold(exam: Exam) -> None:
    """Keeps the exam in the reading process, so that it crosses to it once and not with each file."""
    _held[:] = [exam]


def _answer(model: bytes, tensors: NDArray[np.uint8]) -> NDArray[np.float32]:
    return Scorer(model, batch=_BATCH).probabilities(tensors)


def _runtimes_here() -> list[str]:
    return [runtime.name for runtime in interpreter.available()]


def _read_here(file: bytes, names: Sequence[str] | None) -> list[Reading]:
    here = interpreter.available()
    return [_read(_held[0], file, one) for one in here if names is None or one.name in names]


def _read(exam: Exam, file: bytes, runtime: interpreter.Runtime) -> Reading:
    # With its contract, which says how the outputs are to be taken.
    whole = contracts.append(file, exam.contract)
    try:
        scorer = Scorer(whole, batch=_BATCH, runtime=runtime.name)
        got = scorer.probabilities(exam.tensors)
        # One image at a time, as a device replays them: floats depend on the batch in their last
        # bits.
        golden = Scorer(whole, runtime=runtime.name).outputs(exam.golden)
    except (ModelError, RuntimeError) as error:  # a runtime may refuse to compute what it loaded
        return Reading(runtime.name, runtime.version, refused=str(error))
    return Reading(
        runtime.name,
        runtime.version,
        accuracy(got, exam.classes),
        recall(got, exam.classes),
        compare(exam.keras, got, step=scorer.step),
        got,
        _as_json(runtime, golden),
    )


def _as_json(runtime: interpreter.Runtime, outputs: NDArray[np.generic]) -> bytes:
    answers = {
        "runtime": runtime.name,
        "version": runtime.version,
        "dtype": str(outputs.dtype),
        "outputs": outputs.tolist(),
    }
    return (json.dumps(answers) + "\n").encode()
