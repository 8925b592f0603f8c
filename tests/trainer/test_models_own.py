"""`--model module:function`: what is taken, and how each mistake is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore.contract import Contract
from litescore.errors import LitescoreError, UsageError
from tests.trainer.own_models import SOURCE
from trainer.models import limits
from trainer.presets import Architecture

Tensorflow = Callable[..., Any]

CONTRACT = Contract(("a", "b", "c"), "rgb", 12, 10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a module of models in it."""
    path = tmp_path_factory.mktemp("own")
    (path / "mymodels.py").write_text(SOURCE)
    (path / "unfinished.py").write_text("def tiny(:\n")
    (path / "lacking.py").write_text("import nowhere_to_be_found\n")
    (path / "program.py").write_text("import sys\nsys.exit('usage: program')\n")
    return path


def build_in(folder: Path, name: str) -> tuple[str, Any]:
    """What became of it in that working directory: `made` or an error's name, and more about it."""
    from trainer import models

    before = Path.cwd()
    os.chdir(folder)
    try:
        model = models.build(Architecture(name), CONTRACT)
    except LitescoreError as error:
        return type(error).__name__, str(error)
    finally:
        os.chdir(before)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 12, 10, 3)).astype(np.float32)
    notes = list(models.notes(model, Architecture(name), CONTRACT))
    return "made", (np.asarray(model(pixels)), notes, type(model).__name__)


@pytest.mark.parametrize("name", ["logits", "softmax", "attached", "sequential"])
def test_it_gives_probabilities(tensorflow: Tensorflow, folder: Path, name: str) -> None:
    """Whether it ends in logits or in a softmax, and whichever words it takes."""
    made, (answers, notes, kind) = tensorflow(build_in, folder, f"mymodels:{name}")
    assert made == "made"
    assert answers.shape == (4, 3)
    assert answers.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert answers.max() < 1, "a softmax of a softmax lies near a third, none reaches 1"
    assert answers.max() > 0.4
    assert kind == "Functional"
    assert notes == []


def test_pixels_as_they_are_are_told(tensorflow: Tensorflow, folder: Path) -> None:
    """A model that does not scale its pixels is built, with a word about it."""
    _, (_, notes, _) = tensorflow(build_in, folder, "mymodels:bare")
    assert len(notes) == 1
    assert "Flatten" in notes[0]
    assert "Rescaling(1 / 255)" in notes[0]


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("nowhere:tiny", "UsageError", "no module nowhere"),
        ("mymodels:tinny", "UsageError", "has no function tinny; it has"),
        ("mymodels:needy", "UsageError", "asks for depth"),
        ("unfinished:tiny", "UsageError", "SyntaxError"),
        ("lacking:tiny", "UsageError", "No module named 'nowhere_to_be_found'"),
        ("program:tiny", "UsageError", "program cannot be imported: SystemExit: usage: program"),
        ("mymodels:signless", "UsageError", "does not say what it takes: give a function"),
        ("mymodels:broken", "ModelError", "raised ValueError: no such luck"),
        ("mymodels:quits", "ModelError", "raised SystemExit: usage: mymodels"),
        ("mymodels:nothing", "ModelError", "returned str, not a keras.Model"),
        ("mymodels:sigmoid", "ModelError", "ends in sigmoid: end it in Dense(classes)"),
        ("mymodels:unseen", "ModelError", "cannot be seen: end it in Dense(classes)"),
        ("mymodels:flipped", "ModelError", "RandomFlip (random_flip"),
        ("mymodels:nested", "ModelError", "--augment does it while training"),
        ("mymodels:coded", "ModelError", "Lambda (lambda"),
        ("mymodels:custom", "ModelError", "Mine (mine"),
        ("mymodels:subclass", "ModelError", "shows no graph"),
        ("mymodels:other_size", "ModelError", "takes (9, 9, 3), the pictures are (12, 10, 3)"),
        ("mymodels:other_classes", "ModelError", "gives (7,), the data has 3 classes"),
        ("mymodels:whole_numbers", "ModelError", "takes uint8"),
        ("mymodels:infinite", "ModelError", "to a black picture"),
        ("mymodels:nan", "ModelError", "it answers nan to a black picture"),
        ("mymodels:frozen", "ModelError", "no weights are trainable"),
        ("mymodels:weightless", "ModelError", "no weights are trainable"),
        ("mymodels:too_deep", "ModelError", "its layers do not take pictures of (12, 10, 3)"),
        ("mymodels:fixed", "ModelError", "it fails on a picture of (12, 10, 3): Invalid"),
    ],
)
def test_mistakes_are_named(
    tensorflow: Tensorflow, folder: Path, name: str, error: str, told: str
) -> None:
    """One line that names the function, what is wrong and the way out."""
    kind, said = tensorflow(build_in, folder, name)
    assert (kind, told in said, "\n" in said) == (error, True, False), said
    assert name in said


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (r"C:\models\mine.py:tiny", "mine:tiny, from the folder"),
        ("models/mine.py:tiny", "mine:tiny, from the folder"),
        ("mine:", "no module:function"),
        (":tiny", "no module:function"),
    ],
)
def test_other_words_are_told_at_once(name: str, told: str) -> None:
    """Before anything is loaded; a drive of Windows has a colon too."""
    with pytest.raises(UsageError, match=told):
        limits.check(Architecture(name))


def test_a_module_in_a_package_is_fine() -> None:
    """Dots lead into packages."""
    assert limits.function_of("pack.age:tiny") == ("pack.age", "tiny")
