"""The same int8 file on 64-bit Arm under QEMU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks import arm64 as compared
from benchmarks.house.piece import Found, Place
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.rig import arm64
from trainer.images.catalog import SHIPPED_ROOT

MODEL = "convolutions"
# Of the whole data set where it is there; the slice that is shipped has fewer.
IMAGES = 10_000
_PATIENCE = 900.0


def answers(place: Place) -> Found:
    """One network with convolutions on the processor of a Pi 4, by each runtime at the same time.

    It learns from the slice that is shipped, which takes a minute less than the whole.
    """
    data = Path(Settings.read().data or SHIPPED_ROOT) / "fashion-mnist"
    with arm64.enter() as arm:
        model = compared.train(SHIPPED_ROOT / data.name, place.folder, (MODEL,))[MODEL]
        file = place.folder / "images.npy"
        np.save(file, compared.tensors(data, place.size(IMAGES, 10), Scorer(model)))

        def answer(runtime: str) -> compared.Apart:
            words = (model, file, arm.folder / runtime)
            there = arm.answer(*words, runtime=runtime, cpu=arm64.PI_4, patience=_PATIENCE)
            return compared.apart(model, runtime, np.load(file), there)

        with ThreadPoolExecutor(len(arm64.RUNTIMES)) as pool:
            found = dict(zip(arm64.RUNTIMES, pool.map(answer, arm64.RUNTIMES), strict=True))
    equal, near = found["tflite-runtime"], found["litert"]
    said = f"{near.images:,} images, {near.unlike} of them not the same, {near.ties} tied"
    rows = {"arm-tflite": [equal.steps], "arm-litert": [near.steps], "arm-class": [near.others]}
    return Found(rows, notes={"arm-litert": said, "arm-tflite": f"{equal.images:,} images"})
