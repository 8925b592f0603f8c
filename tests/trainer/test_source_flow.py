"""The same pictures in any form make the same training, and every command means the same images."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import trainer
from tests.rig import warm
from tests.trainer.pictures import Said, write_folder
from trainer.images.splits import Splits


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One data set as a folder, archives and manifests; its labels look like numbers and paths."""
    root = tmp_path_factory.mktemp("forms")
    photos = write_folder(root / "photos", {"red": 20, "blue": 20}, size=(12, 12))
    shutil.move(photos / "red", photos / "7")
    shutil.move(photos / "blue", photos / "3 ☕")
    with zipfile.ZipFile(root / "photos.zip", "w") as packed:
        for path in sorted(photos.rglob("*.png")):
            packed.write(path, path.relative_to(root))
    with tarfile.open(root / "photos.tar.gz", "w:gz") as packed_tar:
        packed_tar.add(photos, "photos")
    rows = [(path.relative_to(root), path.parent.name) for path in sorted(photos.rglob("*.png"))]
    with (root / "photos.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *rows])
    lines = [json.dumps({"path": str(path), "label": label}) for path, label in rows]
    (root / "photos.jsonl").write_text("\n".join(lines))
    return {
        "folder": photos,
        "zip": root / "photos.zip",
        "tar.gz": root / "photos.tar.gz",
        "csv": root / "photos.csv",
        "jsonl": root / "photos.jsonl",
    }


def trained(train: Callable[..., Any], data: Path, out: Path) -> dict[str, Any]:
    words = ("--data", str(data), "--model", "mlp", "--size", "8", "--epochs", "3", "--quiet")
    said = train(*words, out=out)
    assert said.code == 0, said.stderr
    facts: dict[str, Any] = json.loads((out / "run.json").read_text())
    return facts


def litescore(*words: object) -> str:
    command = [sys.executable, "-m", "litescore", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(data: Path, out: Path) -> Splits:
    """What `litescore train` of these words learns from and judges by."""
    return trainer.begin(model="mlp", data=data, out=out, size=8).images


def numbers(parts: Splits) -> list[tuple[bytes, ...]]:
    """Each pixel and each class of each part, in order."""
    held = [parts.train, parts.validation, parts.test]
    return [(part.tensors.tobytes(), part.classes.tobytes()) for part in held if part is not None]


@pytest.mark.parametrize("form", ["zip", "tar.gz", "csv", "jsonl"])
def test_every_form_is_the_same_training(forms: dict[str, Path], tmp_path: Path, form: str) -> None:
    """All that a training is made of besides its seed: the same digest and contract, the same
    pixels and classes in each part, in the same order.
    """
    folder, other = (loaded(forms[name], tmp_path / name) for name in ("folder", form))
    assert other.digest() == folder.digest()
    assert other.contract == folder.contract
    assert len(numbers(folder)) == 3
    assert numbers(other) == numbers(folder)


def test_the_exported_file_is_judged_by_the_same_images(
    train_warmed: Callable[..., Said],
    warmed: warm.Warmed,
    forms: dict[str, Path],
    tmp_path: Path,
) -> None:
    """Trained on the zip, exported, evaluated on the manifest: the same test images, the same
    accuracy, and the labels as they were written.
    """
    run, model = tmp_path / "run", tmp_path / "model.tflite"
    facts = trained(train_warmed, forms["zip"], run)
    assert facts["digest"] == loaded(forms["folder"], tmp_path / "folder").digest()
    done = warmed("export", run, "--quantize", "f32", "--out", model)
    assert done.returncode == 0, done.stderr
    judged = json.loads(litescore("evaluate", model, "--data", forms["jsonl"], "--json"))
    assert judged["n"] == facts["images"]["test"]
    assert judged["accuracy"] == pytest.approx(facts["test_accuracy"])
    assert set(judged["recall"]) == {"7", "3 ☕"}


def test_what_an_audit_cleaned_is_trained_on(
    train_warmed: Callable[..., Said], forms: dict[str, Path], tmp_path: Path
) -> None:
    """`audit --manifest` leaves a broken picture and a double out; `train` reads what it wrote."""
    photos = tmp_path / "photos"
    shutil.copytree(forms["folder"], photos)
    shutil.copy(photos / "7" / "0.png", photos / "7" / "again.png")
    (photos / "7" / "broken.png").write_bytes(b"\x89PNG no more")
    command = [sys.executable, "-m", "litescore", "audit", str(photos)]
    manifest = tmp_path / "clean.csv"
    done = subprocess.run([*command, "--manifest", str(manifest)], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    facts = trained(train_warmed, manifest, tmp_path / "run")
    assert sum(facts["images"].values()) == 40
