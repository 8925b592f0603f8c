"""A fixed camera's whole frames, from training to a scored file: the crop goes all the way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from litescore import contract, dataset, golden
from litescore.evaluate import evaluate
from litescore.scorer import Scorer
from litescore.view import WHOLE, View
from tests.rig.warm import Warmed
from tests.trainer.pictures import photograph, write_idx_set

VIEW = View(rotate=90, region=(10, 30, 20, 24))
WORDS = ("--rotate", "90", "--roi", "10,30,20,24")


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folder of frames 64 x 48 that show their class within VIEW only, around it the other."""
    root = tmp_path_factory.mktemp("frames")
    for color, other in (("red", "blue"), ("blue", "red")):
        (root / color).mkdir()
        for number in range(40):
            # As the camera gives it: turned by 90 degrees its columns are rows from below.
            frame = photograph(other, 100 + number, (64, 48))
            frame.paste(photograph(color, number, (24, 20)), (30, 48 - 10 - 20))
            frame.save(root / color / f"{number}.png")
    return root


def test_from_frames_to_scores(frames: Path, tmp_path: Path, warmed: Warmed) -> None:
    """Trained with `--roi`, exported, proven and evaluated on whole frames: the file sees what its
    training saw, and says so; without its view it takes everything for the other class.
    """
    run, model = tmp_path / "run", tmp_path / "model.tflite"
    told = ("train", "--data", frames, "--model", "mlp", "--epochs", "8", *WORDS, "--out", run)
    done = warmed(*told)
    assert done.returncode == 0, done.stderr
    assert "20 x 24 rgb pixels, seen by rotate 90, region 10,30,20,24, 2 classes" in done.stdout
    facts = json.loads((run / "run.json").read_text())
    assert facts["view"] == VIEW.to_json()
    assert " ".join(WORDS) in facts["command"]
    assert str(VIEW) in (run / "report.html").read_text()
    done = warmed("export", run, "--quantize", "f32", "--out", model)
    assert done.returncode == 0, done.stderr
    held = contract.read(model)
    assert held is not None
    assert (held.view, held.width, held.height) == (VIEW, 20, 24)
    assert golden.verify(model).verdict == "identical"
    assert evaluate(Scorer(model), frames, split="all").accuracy == 1
    whole = tmp_path / "whole.tflite"
    whole.write_bytes(contract.append(model.read_bytes(), replace(held, view=WHOLE)))
    assert evaluate(Scorer(whole), frames, split="all").accuracy < 0.1


def test_the_test_frames_lie_right(frames: Path) -> None:
    """VIEW cuts out exactly what the class is told by."""
    data = dataset.load(frames, "all")
    seen = data.tensors(contract.Contract(data.labels, "rgb", 24, 20, view=VIEW))
    for label, first in (("blue", 2), ("red", 0)):
        means = seen[data.classes == data.labels.index(label)].mean(axis=(1, 2))
        assert (means.argmax(axis=1) == first).all()
    np.testing.assert_array_equal(np.unique(data.classes), [0, 1])


def test_arrays_have_no_camera(tmp_path: Path, warmed: Warmed) -> None:
    """A view of an IDX set is wrong usage, told in one line."""
    root = write_idx_set(tmp_path / "noise")
    done = warmed("train", "--data", root, "--invert", "--out", tmp_path / "run")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: noise holds arrays, which no camera gave: invert is for folders")
