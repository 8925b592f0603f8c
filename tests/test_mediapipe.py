"""MediaPipe reads the files that litescore writes, and answers the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from litescore import contract, image
from litescore.comparison import compare
from litescore.contract import Contract
from litescore.scorer import Probabilities, Scorer
from litescore.tflite import metadata
from tests.litescore import tiny
from tests.rig.mediapipe import Answer, classify

pytestmark = pytest.mark.long

SIZE = 32
# Told apart by colour and by shape: swapped channels would be noticed.
CLASSES = ("warm waves", "cold waves", "warm rings", "cold rings")
COUNTS = {"train": 250, "test": 130}
# Scores of the same runtime, once through MediaPipe's float32 and once through ours.
FLOAT_NOISE = 1e-4


def texture(kind: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Noisy waves or rings of any two colours, tinted warm or cold: uint8[SIZE, SIZE, 3]."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    angle = generator.uniform(0, np.pi)
    way = np.cos(angle) * x + np.sin(angle) * y if kind < 2 else np.hypot(x - 0.5, y - 0.5)
    wave = np.sin(2 * np.pi * generator.uniform(1.5, 3.5) * way + generator.uniform(0, 6.3))
    low, high = generator.uniform(20, 200, (2, 3))
    tint = np.array([30.0, 0.0, -30.0]) * (1 if kind % 2 == 0 else -1)
    ground = low + (high - low) * (wave[..., None] + 1) / 2 + tint
    return np.clip(ground + generator.normal(0, 20, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)


def write_textures(root: Path) -> None:
    """`root/<split>/<class>/<number>.png`."""
    seed = 0
    for split, count in COUNTS.items():
        for kind, label in enumerate(CLASSES):
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                seed += 1
                pixels = texture(kind, np.random.default_rng(seed))
                Image.fromarray(pixels).save(folder / f"{number:03d}.png")


@pytest.fixture(scope="module")
def textures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("textures")
    write_textures(root)
    return root


@pytest.fixture(scope="module")
def models(textures: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A colour model trained on a folder, by variant."""
    folder = tmp_path_factory.mktemp("mediapipe")
    run = folder / "run"
    shape = ("--model", "cnn", "--size", str(SIZE), "--epochs", "2", "--batch", "16")
    litescore("train", "--data", textures, *shape, "--quiet", "--out", run)
    # So short a training is judged here by what others read in its file, not by its accuracy.
    gates = ("--max-drop", "100", "--max-class-drop", "100")
    paths = {variant: folder / f"{variant}.tflite" for variant in ("f32", "int8")}
    for variant, path in paths.items():
        litescore("export", run, "--quantize", variant, *gates, "--out", path)
    return paths


def litescore(*words: str | Path) -> None:
    command = [sys.executable, "-m", "litescore", *map(str, words)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_it_answers_as_litescore_does(textures: Path, models: dict[str, Path]) -> None:
    """The same top-1 on 520 images, ties aside, for both files; labels, scores and all."""
    pictures = sorted((textures / "test").glob("*/*.png"))
    assert len(pictures) >= 500
    for path, answer in zip(
        models.values(), classify(list(models.values()), pictures), strict=True
    ):
        assert metadata.mediapipe_refusal(path.read_bytes()) is None
        assert answer.refused is None
        scorer = Scorer(path, batch=1, runtime="litert")
        ours, theirs = ours_of(scorer, pictures), theirs_of(answer, scorer.contract.labels)
        found = compare(theirs, ours, step=max(scorer.step, FLOAT_NOISE))
        assert found.differing == ()
        assert found.ties < 50
        assert found.verdict != "different"
        # Of a model that always says the same, agreement would prove nothing.
        assert np.bincount(ours.argmax(axis=1), minlength=len(CLASSES)).max() < 0.9 * len(pictures)
        assert np.ptp(ours.max(axis=1)) > 0.1
        swapped = scorer.probabilities(tensors(scorer.contract, pictures)[..., ::-1].copy())
        assert not compare(theirs, swapped, step=scorer.step).agreement > 0.9


KINDS = {
    "float32": (tiny.build((8, 8, 3)), "softmax"),
    "uint8": (tiny.build((8, 8, 3), dtype="uint8"), "softmax"),
    "batch of one": (tiny.build((8, 8, 3), batch=1), "softmax"),
    "multilabel": (tiny.build((8, 8, 3), ending="sigmoid"), "multilabel"),
    "without a contract": (tiny.build((8, 8, 3)), None),
    "uint8 without a contract": (tiny.build((8, 8, 3), dtype="uint8"), None),
    "gray": (tiny.build((8, 8, 1)), "softmax"),
    "no channels": (tiny.build((8, 8)), "softmax"),
    "int8": (tiny.build((8, 8, 3), dtype="int8"), "softmax"),
    "batch of four": (tiny.build((8, 8, 3), batch=4), "softmax"),
    "two inputs": (tiny.build((8, 8, 3), inputs=2), "softmax"),
    "two outputs": (tiny.build((8, 8, 3), outputs=2), "softmax"),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, Answer]]:
    """Of small models of every kind: the file, and what MediaPipe makes of a picture of noise."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "noise.png").write_bytes(image.encode_png(noise()))
    files = {}
    for number, (name, (model, output)) in enumerate(KINDS.items()):
        color = "gray" if name in ("gray", "no channels") else "rgb"
        files[name] = folder / f"{number}.tflite"
        if output:
            held = Contract(("a", "b", "c"), color, 8, 8, output=output, threshold=0.9)
            model = contract.append(model, held)
        files[name].write_bytes(model)
    found = classify(list(files.values()), [folder / "noise.png"])
    return {
        name: (path.read_bytes(), answer)
        for (name, path), answer in zip(files.items(), found, strict=True)
    }


@pytest.mark.parametrize("name", KINDS)
def test_it_reads_what_we_say_it_reads(answers: dict[str, tuple[bytes, Answer]], name: str) -> None:
    """`inspect` speaks for MediaPipe, and MediaPipe agrees."""
    model, answer = answers[name]
    refusal = metadata.mediapipe_refusal(model)
    assert (refusal is None) == (answer.refused is None), (refusal, answer.refused)


def test_it_takes_names_and_threshold_from_the_file(
    answers: dict[str, tuple[bytes, Answer]],
) -> None:
    """Of a multilabel model only what reaches the contract's threshold; without a contract none."""
    assert set(answers["float32"][1].scores[0]) == {"a", "b", "c"}
    model, answer = answers["multilabel"]
    (wanted,) = Scorer(model).probabilities(noise()[None])
    held = {label: p for label, p in zip("abc", wanted.tolist(), strict=True) if p >= 0.9}
    assert 0 < len(held) < 3
    assert answer.scores[0] == pytest.approx(held, abs=FLOAT_NOISE)
    assert set(answers["uint8 without a contract"][1].scores[0]) == {"None"}


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)


def ours_of(scorer: Scorer, pictures: list[Path]) -> Probabilities:
    return scorer.probabilities(tensors(scorer.contract, pictures))


def tensors(held: Contract, pictures: list[Path]) -> NDArray[np.uint8]:
    return np.stack([image.fit(image.decode(path.read_bytes()), held) for path in pictures])


def theirs_of(answer: Answer, labels: tuple[str, ...]) -> Probabilities:
    return np.array([[one[label] for label in labels] for one in answer.scores], np.float32)
