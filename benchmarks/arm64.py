"""The same int8 files on x86-64 and on 64-bit Arm: how far apart their answers are.

    python -m benchmarks.arm64 [--images 10000] [--batch 1] [--model model.tflite]

A convolutional and a dense model are trained for two epochs and exported here, on the whole of
Fashion-MNIST where LITESCORE_DATA has it, else on the slice that litescore ships; --model takes
another one for its images. The output tensors of the test images are compared, as the
models give them: by processor of a Raspberry Pi, whose instructions QEMU turns, and by runtime.

Needs the extras [train] and [edge], Debian and mmdebstrap. Some four minutes with two processors.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks import holds
from litescore import dataset
from litescore.comparison import compare
from litescore.image import fit
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.rig import arm64
from tests.rig.arm64 import Arm64
from trainer.images.catalog import SHIPPED_ROOT

_MODELS = {"convolutions": ("--model", "cnn"), "dense": ("--preset", "fashion-basic")}
_PIS = {arm64.PI_3: "Pi 3", arm64.PI_4: "Pi 4", arm64.PI_5: "Pi 5"}
_PATIENCE = 3600.0


@dataclass(frozen=True)
class Case:
    """One model on one runtime and processor."""

    name: str
    model: Path
    runtime: str
    cpu: str
    answers: Path


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=1, help="images an invocation takes on Arm")
    parser.add_argument("--model", type=Path, help="instead of the two that are trained here")
    words = parser.parse_args()
    data = Path(Settings.read().data or SHIPPED_ROOT) / "fashion-mnist"
    with tempfile.TemporaryDirectory() as name, arm64.enter() as arm:
        folder = Path(name)
        models = {words.model.stem: words.model.resolve()} if words.model else train(data, folder)
        images = folder / "images.npy"
        np.save(images, tensors(data, words.images, Scorer(next(iter(models.values())))))
        _compare(arm, models, images, words.batch)


def train(data: Path, folder: Path, names: Collection[str] = tuple(_MODELS)) -> dict[str, Path]:
    """The models by name, each an int8 file."""
    for name in names:
        kind = _MODELS[name]
        run, model = folder / name, folder / f"{name}.tflite"
        _litescore("train", *kind, "--epochs", "2", "--data", data, "--out", run)
        _litescore("export", run, "--quantize", "int8", "--max-drop", "5", "--out", model)
    return {name: folder / f"{name}.tflite" for name in names}


def _litescore(*words: str | Path) -> None:
    command = [sys.executable, "-m", "litescore", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def tensors(data: Path, count: int, scorer: Scorer) -> NDArray[np.uint8]:
    """uint8[n, height, width, channels] of the first `count` test images."""
    test = dataset.load(data, "test")
    return np.stack(
        [fit(test.pixels(index), scorer.contract) for index in range(min(count, len(test)))]
    )


def _compare(arm: Arm64, models: dict[str, Path], file: Path, batch: int) -> None:
    cases = [
        Case(name, model, runtime, cpu, arm.folder / f"{name}-{runtime}-{cpu}")
        for name, model in models.items()
        for runtime in arm64.RUNTIMES
        for cpu in arm64.CPUS
    ]
    begun = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(_answer, arm, case, file, batch) for case in cases]
        _watch(cases, answers, file)
    print("| model | runtime | as on a | images | farthest, steps | not the same | tied | "
          "another best class | hold | |\n|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    images = np.load(file)
    for case, answer in zip(cases, answers, strict=True):
        print(_row(case, images, answer.result()))
    print(f"\n{batch} at a time on Arm; {time.perf_counter() - begun:.0f} s")


def _answer(arm: Arm64, case: Case, file: Path, batch: int) -> NDArray[np.generic]:
    return arm.answer(
        *(case.model, file, case.answers),
        runtime=case.runtime,
        cpu=case.cpu,
        batch=batch,
        patience=_PATIENCE,
    )


def _watch(cases: list[Case], answers: list[Future[NDArray[np.generic]]], file: Path) -> None:
    """A bar of all images, until all answers are there. Raises what one of them raised."""
    images = np.load(file, mmap_mode="r")
    sizes = {case: Scorer(case.model).outputs(images[:1]).nbytes for case in cases}
    every = len(images) * len(cases)
    with tqdm(total=every, unit="image", disable=None) as bar:
        while not all(answer.done() for answer in answers):
            done = sum(_size(case.answers) // sizes[case] for case in cases)
            bar.update(done - bar.n)
            failed = [answer for answer in answers if answer.done() and answer.exception()]
            for answer in failed:
                answer.result()
            time.sleep(0.5)
        bar.update(every - bar.n)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@dataclass(frozen=True)
class Apart:
    """How far answers lie from those of here: of so many images the most steps, how many are unlike,
    how many tied there or here, and how many have another best class, ties aside.
    """

    images: int
    steps: int
    unlike: int
    ties: int
    others: int


def apart(
    model: Path, runtime: str, images: NDArray[np.uint8], there: NDArray[np.generic]
) -> Apart:
    """What Arm answered against what this machine answers."""
    scorer = Scorer(model, runtime=runtime)
    here = scorer.outputs(images)
    found = compare(scorer.dequantize(here), scorer.dequantize(there), step=scorer.step)
    steps = round(found.farthest / scorer.step)
    unlike = int((here != there).any(axis=1).sum())
    return Apart(found.n, steps, unlike, found.ties, len(found.differing))


def _row(case: Case, images: NDArray[np.uint8], there: NDArray[np.generic]) -> str:
    found = apart(case.model, case.runtime, images, there)
    hold = holds.EQUAL if case.runtime == "tflite-runtime" else holds.ONE_STEP
    met = hold.met(found.steps) and not found.others
    return (
        f"| {case.name} | {case.runtime} | {_PIS[case.cpu]} | {found.images:,} | {found.steps} "
        f"| {found.unlike} | {found.ties} | {found.others} "
        f"| {'equal' if hold is holds.EQUAL else '<= 1 step'} "
        f"| {'met' if met else '**not met**'} |"
    )


if __name__ == "__main__":
    main()
