"""Accuracy, recall and confusion of the file itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from litescore import dataset, image
from litescore.evaluate import confusion, evaluate, predict
from litescore.interpreter import available
from litescore.scorer import Scorer
from tests.litescore.conftest import LABELS, Say


@pytest.fixture
def animals(tmp_path: Path, small_model: Path) -> Path:
    """A class folder whose first two classes are what the model says; cats it takes for others."""
    scorer = Scorer(small_model)
    generator = np.random.default_rng(5)
    counts = dict.fromkeys(LABELS, 0)
    while min(counts["ant"], counts["bee"]) < 10 or counts["cat"] < 4:
        pixels = generator.integers(0, 256, (4, 3), np.uint8)
        said = LABELS[scorer.probabilities(pixels[None, :, :, None])[0].argmax()]
        label = "cat" if counts["cat"] < 4 and said == "bee" else said
        if label == said == "cat" or counts[label] >= 10:
            continue
        folder = tmp_path / "animals" / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{counts[label]}.png").write_bytes(image.encode_png(pixels))
        counts[label] += 1
    return tmp_path / "animals"


def test_figures_are_counted(small_model: Path, animals: Path) -> None:
    """All ants and bees found; every cat was taken for a bee."""
    found = evaluate(Scorer(small_model, batch=7), animals, split="all")
    assert (found.n, found.labels) == (24, LABELS)
    assert found.accuracy == 20 / 24
    assert found.confusion.tolist() == [[10, 0, 0], [0, 10, 0], [0, 4, 0]]
    assert found.recall == {"ant": 1.0, "bee": 1.0, "cat": 0.0}


def test_the_held_out_fifth_is_the_default(small_model: Path, animals: Path) -> None:
    """The same images that `dataset.load` calls the test part."""
    found = evaluate(Scorer(small_model), animals)
    assert found.n == len(dataset.load(animals, "test")) == 5


def test_the_models_order_of_labels_counts(small_model: Path, animals: Path) -> None:
    """A data set that lacks a class of the model: matched by name, its recall is unknown."""
    for path in (animals / "bee").iterdir():
        path.unlink()
    (animals / "bee").rmdir()
    found = evaluate(Scorer(small_model), animals, split="all")
    assert found.confusion.tolist() == [[10, 0, 0], [0, 0, 0], [0, 4, 0]]
    assert found.recall == {"ant": 1.0, "bee": None, "cat": 0.0}


def test_predictions_do_not_depend_on_the_share(
    small_model: Path, animals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many images are decoded at a time."""
    images = dataset.load(animals, "all")
    whole = predict(Scorer(small_model, batch=4), images)
    monkeypatch.setattr("litescore.evaluate._SHARE", 5)
    np.testing.assert_array_equal(predict(Scorer(small_model, batch=4), images), whole)


def test_confusion_counts_pairs() -> None:
    """A row a true class, a column a predicted one."""
    counts = confusion(np.array([0, 1, 1, 1]), np.array([0, 1, 0, 0]), 3)
    assert counts.tolist() == [[1, 2, 0], [0, 1, 0], [0, 0, 0]]


def test_the_command(small_model: Path, animals: Path, say: Say) -> None:
    """A table for people."""
    said = say("evaluate", small_model, "--data", animals, "--split", "all")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0].startswith("accuracy 83.33% of 24 images on ")
    assert [line.split() for line in lines[3:]] == [
        ["ant", "100.0%", "10", "0", "0"],
        ["bee", "100.0%", "0", "10", "0"],
        ["cat", "0.0%", "0", "4", "0"],
    ]


def test_the_commands_json(small_model: Path, animals: Path, say: Say) -> None:
    """The accuracy at its top."""
    said = say("evaluate", small_model, "--data", animals, "--split", "all", "--json")
    held = json.loads(said.out)
    assert next(iter(held)) == "accuracy"
    assert held["accuracy"] == 20 / 24
    assert (held["n"], held["labels"], held["recall"]["cat"]) == (24, list(LABELS), 0.0)
    assert held["confusion"] == [[10, 0, 0], [0, 10, 0], [0, 4, 0]]
    assert held["model"] == Scorer(small_model).digest


@pytest.mark.parametrize("runtime", [one.name for one in available()])
def test_on_each_runtime(small_model: Path, animals: Path, say: Say, runtime: str) -> None:
    """--runtime decides, and is told."""
    said = say("evaluate", small_model, "--data", animals, "--runtime", runtime, "--json")
    assert json.loads(said.out)["runtime"].startswith(f"{runtime} ")


def test_a_model_without_a_contract(
    bare_model: Path, animals: Path, tmp_path: Path, say: Say
) -> None:
    """Its labels may be given."""
    names = tmp_path / "names.txt"
    names.write_text("\n".join(LABELS))
    said = say("evaluate", bare_model, "--data", animals, "--labels", names)
    assert said.code == 0


def test_the_exported_model_knows_clothes(int8_model: Path, fashion: Path, say: Say) -> None:
    """The real model on the real test set: the accuracy that its contract tells."""
    held = json.loads(say("evaluate", int8_model, "--data", fashion, "--json").out)
    told = Scorer(int8_model).contract.accuracy["exported"][held["runtime"].split()[0]]
    assert held["accuracy"] == pytest.approx(told)
    assert sum(map(sum, held["confusion"])) == held["n"]
