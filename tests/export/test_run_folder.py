"""A training folder opened for export: its own images, split as training split them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore.errors import ConfigurationError, DataError
from tests.export import pictures

Tensorflow = Callable[..., Any]


def opened(path: Path, data: str | None = None, convert_color: bool = False) -> dict[str, Any]:
    """What open_run finds, without what cannot leave the process; and Keras' accuracy by it."""
    from export import graph
    from export.run_folder import open_run

    source = open_run(path, data, convert_color=convert_color)
    tensors = source.test.tensors(source.contract)
    answers = graph.predict(source.model, source.contract, tensors)
    right = answers.argmax(axis=1) == source.test.classes_for(source.contract.labels)
    found = vars(source) | {"model": None, "logits": source.logits is not None}
    return found | {"accuracy": float(right.mean())}


def changed(run: Path, to: Path, **facts: Any) -> Path:
    """A copy of the run whose run.json says something else."""
    shutil.copytree(run, to)
    held = json.loads((to / "run.json").read_text()) | facts
    (to / "run.json").write_text(json.dumps(held))
    return to


def test_the_images_of_the_training(tensorflow: Tensorflow, run: Path) -> None:
    """As many as it says in each part, none in two of them; the accuracy that it measured."""
    from litescore import dataset

    facts = json.loads((run / "run.json").read_text())
    found = tensorflow(opened, run)
    parts = {name: found[name] for name in ("train", "validation", "test")}
    assert {name: len(part) for name, part in parts.items()} == facts["images"]
    assert found["notes"] == ()
    assert found["data"] == facts["data"]
    assert found["logits"]
    assert found["accuracy"] == pytest.approx(facts["test_accuracy"], abs=1e-3)
    whole = dataset.load(facts["data"], "train")
    held = facts["validation"]
    kept = dataset.split_off(whole, held["fraction"], seed=held["seed"])
    assert np.array_equal(parts["train"].images, kept[0].images)
    assert np.array_equal(parts["validation"].images, kept[1].images)


def test_a_training_that_held_nothing_back(
    tensorflow: Tensorflow, run: Path, tmp_path: Path
) -> None:
    """A twelfth of the training images stands in, and that is told."""
    folder = changed(run, tmp_path / "run", validation={"fraction": 0.0, "seed": 0})
    found = tensorflow(opened, folder)
    share = len(found["validation"]) / (len(found["validation"]) + len(found["train"]))
    assert share == pytest.approx(1 / 12, abs=0.01)
    assert any("stand in" in note for note in found["notes"])


def test_other_images_are_told(tensorflow: Tensorflow, run: Path, tmp_path: Path) -> None:
    """Where the digest is another, validation may hold what the model was trained on."""
    folder = changed(run, tmp_path / "run", digest="another")
    assert any(
        "not what the model was trained" in note for note in tensorflow(opened, folder)["notes"]
    )


def test_colour_pictures_for_a_gray_run(tensorflow: Tensorflow, run: Path, tmp_path: Path) -> None:
    """Refused by their headers, unless they are to be converted."""
    labels = tuple(json.loads((run / "contract.json").read_text())["labels"])
    data = tmp_path / "colour"
    for number, label in enumerate(labels):
        folder = data / label.replace("/", "_")
        shutil.copytree(
            pictures.write(tmp_path / str(number), size=(28, 28), count=12) / "brick", folder
        )
    held = json.loads((run / "contract.json").read_text())
    held["labels"] = [label.replace("/", "_") for label in labels]
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    (copy / "contract.json").write_text(json.dumps(held))
    with pytest.raises(DataError, match="colour pictures only, the model takes gray ones"):
        tensorflow(opened, copy, str(data))
    assert tensorflow(opened, copy, str(data), True)["contract"].color == "gray"


def test_folders_that_are_no_run(tensorflow: Tensorflow, run: Path, tmp_path: Path) -> None:
    """What is missing is named: the model, or its data."""
    with pytest.raises(ConfigurationError, match=r"lacks model\.keras"):
        tensorflow(opened, tmp_path)
    folder = changed(run, tmp_path / "run", data=None)
    with pytest.raises(DataError, match="names no data: give it with --data"):
        tensorflow(opened, folder)
    (folder / "run.json").unlink()
    with pytest.raises(DataError, match=r"run\.json is missing, .*: give it with --data"):
        tensorflow(opened, folder)
    (folder / "contract.json").write_text("hello")
    with pytest.raises(ConfigurationError, match=r"contract\.json: .* is not JSON"):
        tensorflow(opened, folder)


def test_data_that_moved(tensorflow: Tensorflow, run: Path, tmp_path: Path) -> None:
    """Where the run's images are not there any more, the way out is named; where they were
    given, what was given is.
    """
    folder = changed(run, tmp_path / "run", data="/gone/pictures")
    with pytest.raises(DataError, match=r"no data at /gone/pictures.*: give it with --data FOLDER"):
        tensorflow(opened, folder)
    with pytest.raises(DataError, match=r"no data at /gone/too: no such file or folder$"):
        tensorflow(opened, folder, "/gone/too")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "is not JSON"),
        ("[1]", r"\[1\] is no JSON object"),
        ('{"validation": 3}', "validation 3 is no object"),
        ('{"validation": {"fraction": "some"}}', "fraction 'some' is no number from 0 to below 1"),
        ('{"validation": {"fraction": NaN}}', "fraction nan is no number from 0 to below 1"),
        ('{"validation": {"fraction": 1.5}}', "fraction 1.5 is no number from 0 to below 1"),
        ('{"validation": {"seed": -1}}', "seed -1 is no whole number"),
        ('{"validation": {"seed": 0.5}}', "seed 0.5 is no whole number"),
        ('{"data": 7}', "data 7 is no text"),
        ('{"digest": []}', r"digest \[\] is no text"),
    ],
)
def test_a_broken_run_file(run: Path, tmp_path: Path, text: str, said: str) -> None:
    """File and value are named, in one line."""
    from export.run_folder import read

    folder = changed(run, tmp_path / "run")
    (folder / "run.json").write_text(text)
    with pytest.raises(ConfigurationError, match=rf"run\.json.*{said}") as refused:
        read(folder)
    assert "\n" not in str(refused.value)
