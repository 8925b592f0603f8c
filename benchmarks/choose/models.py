"""Three models, and the files of each: every variant, its batch open for LiteRT and fixed for
tflite-runtime, which computes some open graphs without XNNPACK.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

BATCHES = (1, 32)
VARIANTS = ("f32", "f16", "dynamic", "int8", "int8-float-io")

DENSE, BEST, PHOTOS = "dense, 28 x 28", "cnn of fashion-best, 28 x 28", "MobileNetV3-Small, 96 x 96"
# Words of `litescore train`; of random weights where there are none.
MODELS: dict[str, tuple[str, ...]] = {
    DENSE: ("--preset", "fashion-basic"),
    BEST: ("--preset", "fashion-best", "--epochs", "2"),
    PHOTOS: (),
}
_SHIPPED = Path(__file__).parents[2] / "trainer" / "data" / "fashion-mnist"


@dataclass(frozen=True)
class Made:
    """A variant of a model.

    bytes  of the model alone, its batch open
    drop   points of accuracy that it loses to Keras, by runtime; empty where nothing was trained
    paths  file of an open batch (None), and of each fixed one
    """

    variant: str
    bytes: int
    drop: dict[str, float]
    paths: dict[int | None, Path]

    def as_json(self) -> dict[str, object]:
        held = asdict(self)
        del held["paths"]
        return held


def make(name: str, folder: Path) -> list[Made]:
    """The files of a model, by variant.

    They are made in a process of its own: nothing of TensorFlow's runs beside what is measured.
    """
    spawn = multiprocessing.get_context("spawn")
    place = folder / str(len(list(folder.iterdir())))
    place.mkdir()
    with ProcessPoolExecutor(1, spawn) as apart:
        return apart.submit(_make, name, place).result()


def _make(name: str, folder: Path) -> list[Made]:
    from export import proof, scales
    from export.calibrate import representative
    from export.graph import Saved

    if not MODELS[name]:
        random = np.random.default_rng(0)
        calibration = random.integers(0, 256, (20, 96, 96, 3), np.uint8)
        calibration[:2] = np.array([0, 255], np.uint8)[:, None, None, None]
        network = _random_weights()
        with TemporaryDirectory() as graphs:
            return list(_files(Saved(network, Path(graphs)), calibration, folder))
    source = _trained(name, folder)
    calibration = representative(source.train, source.contract)
    exam = _exam(source)
    one_scale = scales.one_a_layer(source.model)
    with proof.reader(exam) as reader, TemporaryDirectory() as graphs:
        saved = Saved(source.model, Path(graphs))
        return list(
            _files(saved, calibration, folder, one_scale=one_scale, reader=reader, exam=exam)
        )


def _files(
    saved: Any,
    calibration: Any,
    folder: Path,
    *,
    one_scale: bool = False,
    reader: Any = None,
    exam: Any = None,
) -> Iterator[Made]:
    from export.convert import convert

    for variant in VARIANTS:
        paths: dict[int | None, Path] = {}
        for batch in (None, *BATCHES):
            file = convert(saved.at(batch), variant, calibration, batch, one_scale=one_scale)
            paths[batch] = folder / f"{variant}-{batch}.tflite"
            paths[batch].write_bytes(file)
        readings = reader.read(paths[None].read_bytes()) if reader else []
        drop = {
            one.runtime: 100 * (exam.accuracy - one.accuracy) for one in readings if not one.refused
        }
        yield Made(variant, paths[None].stat().st_size, drop, paths)


def _trained(name: str, folder: Path) -> Any:
    from export.run_folder import open_run

    run = folder / "run"
    words = ("train", *MODELS[name], "--data", str(_SHIPPED), "--out", str(run), "--quiet")
    subprocess.run([sys.executable, "-m", "litescore", *words], check=True)
    return open_run(run)


def _exam(source: Any) -> Any:
    from export import graph, proof

    held, test = source.contract, source.test
    tensors, classes = test.tensors(held), test.classes_for(held.labels)
    answers = graph.predict(source.model, held, tensors)
    return proof.Exam(held, tensors, classes, answers, tensors[:1])


def _random_weights() -> Any:
    from export.convert import tensorflow

    keras = tensorflow().keras
    keras.utils.set_random_seed(0)
    return keras.applications.MobileNetV3Small((96, 96, 3), weights=None, classes=10)
