"""keras.applications with random weights: converted, loaded by both runtimes, at XNNPACK's speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from export.foreign import Description
from litescore.interpreter import available
from litescore.scorer import Scorer
from tests.export import pictures

Tensorflow = Callable[..., Any]

# Conversions take long on a busy machine.
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

SIZE = 96
RUNTIMES = tuple(runtime.name for runtime in available())
# How each was trained: MobileNetV3 and EfficientNet scale pixels themselves.
PREPROCESS = {"MobileNetV2": "tf", "MobileNetV3Small": "none", "EfficientNetB0": "none"}
# All that is converted, since a conversion takes ten seconds: name, variant, batch.
FILES = [
    *((name, variant, 1) for name in PREPROCESS for variant in ("f32", "int8")),
    ("MobileNetV3Small", "f32", None),
]


@dataclass(frozen=True)
class Converted:
    """The files of FILES, and what the Keras model answers to the pictures."""

    files: dict[tuple[str, str, int | None], bytes]
    tensors: NDArray[np.uint8]
    keras: dict[str, NDArray[np.float32]]

    def scorer(self, name: str, variant: str, batch: int | None, runtime: str) -> Scorer:
        """One image an invocation."""
        file = self.files[name, variant, batch]
        return Scorer(file, labels=pictures.LABELS, runtime=runtime, batch=1)


@pytest.fixture(scope="module")
def converted(tensorflow: Tensorflow, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """Made by a process that has TensorFlow."""
    folder = tmp_path_factory.mktemp("applications")
    data = pictures.write(folder / "data", size=(SIZE, SIZE))
    files, keras = {}, {}
    for name in PREPROCESS:
        tensors, keras[name] = tensorflow(build, name, folder, data)
    for name, variant, batch in FILES:
        files[name, variant, batch] = tensorflow(convert, name, folder, data, variant, batch)
    return Converted(files, tensors, keras)


def build(name: str, folder: Path, data: Path) -> Any:
    """Save the model; the test pictures and the answers of the graph made around it."""
    from export import graph
    from export.convert import tensorflow

    keras = tensorflow().keras
    keras.utils.set_random_seed(1)
    make = getattr(keras.applications, name)
    make(input_shape=(SIZE, SIZE, 3), weights=None, classes=3).save(folder / f"{name}.keras")
    source = opened(name, folder, data)
    tensors = source.test.tensors(source.contract)
    return tensors, graph.predict(source.model, source.contract, tensors)


def convert(name: str, folder: Path, data: Path, variant: str, batch: int | None) -> bytes:
    """The model as .tflite bytes."""
    from export import convert as converter
    from export.calibrate import representative
    from export.graph import Saved

    source = opened(name, folder, data)
    calibration = representative(source.train, source.contract, 30)
    saved = Saved(source.model, folder / name).at(batch)
    return converter.convert(saved, variant, calibration, batch)


@cache
def opened(name: str, folder: Path, data: Path) -> Any:
    """The model as its owner describes it."""
    from export.foreign import open_model

    description = Description(folder / "labels.txt", str(data), preprocess=PREPROCESS[name])
    return open_model(folder / f"{name}.keras", description)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", PREPROCESS)
def test_both_runtimes_load_them(converted: Converted, name: str, runtime: str) -> None:
    """Floats answer as Keras does; int8 takes raw pixels and answers with probabilities."""
    floats = converted.scorer(name, "f32", 1, runtime).probabilities(converted.tensors)
    assert np.abs(floats - converted.keras[name]).max() < 1e-4
    whole = converted.scorer(name, "int8", 1, runtime).probabilities(converted.tensors)
    assert np.abs(whole.sum(axis=1) - 1).max() < 0.02
    assert np.abs(whole - converted.keras[name]).max() < 0.2


@pytest.mark.parametrize("name", PREPROCESS)
def test_a_fixed_batch_runs_at_xnnpack_speed(converted: Converted, name: str) -> None:
    """tflite-runtime, whose own kernels take eight times as long, keeps up with LiteRT."""
    if len(RUNTIMES) < 2:
        pytest.skip("needs both runtimes to compare")
    old, new = (converted.scorer(name, "f32", 1, runtime) for runtime in RUNTIMES[::-1])
    assert old.runtime == "tflite-runtime"
    assert ratio(old, new, converted.tensors) < 3


def test_an_open_batch_misses_xnnpack(converted: Converted) -> None:
    """What the fixed batch is for: with an open one tflite-runtime takes several times as long."""
    if "tflite-runtime" not in RUNTIMES:
        pytest.skip("needs tflite-runtime")
    name = "MobileNetV3Small"
    fixed, loose = (converted.scorer(name, "f32", b, "tflite-runtime") for b in (1, None))
    assert ratio(loose, fixed, converted.tensors) > 2.5


def ratio(slow: Scorer, quick: Scorer, tensors: NDArray[np.uint8]) -> float:
    """How many times as long the one takes: the least of each over rounds in turn."""
    least = {id(slow): np.inf, id(quick): np.inf}
    for _ in range(15):
        for scorer in (slow, quick):
            begun = time.perf_counter()
            scorer.outputs(tensors[:2])
            least[id(scorer)] = min(least[id(scorer)], time.perf_counter() - begun)
    return float(least[id(slow)] / least[id(quick)])
