"""Which training a checkpoint belongs to: what must be the same, and what need not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import trainer
from litescore.errors import UsageError
from trainer.fitting.checkpoints import Checkpoints, State
from trainer.fitting.history import Tally
from trainer.identity import identity


def told(data: Path, **words: Any) -> dict[str, Any]:
    """The identity of a training on these pictures."""
    lesson = trainer.begin(
        model="mobilenet-v2", data=data, size=32, out=data.parent / "run", **words
    )
    return identity(lesson.job, lesson.images, ("flip",))


def test_weights_are_what_they_hold(
    colors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named otherwise or moved they are the same; written over, they are refused."""
    monkeypatch.chdir(tmp_path)
    weights = tmp_path / "w.keras"
    weights.write_bytes(b"first")
    (tmp_path / "elsewhere").mkdir()
    Checkpoints(tmp_path, told(colors, weights="w.keras")).save(State(1, Tally(), (), 0, (), ()))
    moved = tmp_path / "elsewhere" / "moved.keras"
    moved.write_bytes(b"first")
    for path in (weights, Path("elsewhere/../w.keras"), moved):
        assert Checkpoints(tmp_path, told(colors, weights=str(path))).load() is not None
    weights.write_bytes(b"other")
    with pytest.raises(UsageError, match=r"\(recipe.architecture.weights SHA-256 \w+ there, SHA"):
        Checkpoints(tmp_path, told(colors, weights="w.keras")).load()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ({"epochs": 3}, "recipe.epochs"),
        ({"batch": 7}, "recipe.batch"),
        ({"patience": 2}, "recipe.patience"),
        ({"rate": 0.5}, "recipe.optimization.rate"),
        ({"balanced": True}, "recipe.optimization.balanced"),
        ({"seed": 1}, "seed"),
        ({"color": "gray"}, "contract.color"),
        ({"size": 33}, "contract.height"),
    ],
)
def test_what_must_be_the_same(colors: Path, words: dict[str, Any], name: str) -> None:
    """Each word that changes the training is refused by its name."""
    one = {"weights": "none"}
    lesson = [
        trainer.begin(data=colors, out=colors.parent, **{"size": 32, "seed": 0} | one | more)
        for more in ({"model": "mobilenet-v2"}, {"model": "mobilenet-v2"} | words)
    ]
    first, other = (identity(each.job, each.images, ()) for each in lesson)
    Checkpoints(colors.parent, first).save(State(1, Tally(), (), 0, (), ()))
    with pytest.raises(UsageError, match=f"[(; ]{name} "):
        Checkpoints(colors.parent, other).load()


def test_other_pictures_are_refused(colors: Path) -> None:
    """Though the folder has the same name."""
    before = told(colors, weights="none")
    (colors / "red" / "0.png").unlink()
    assert told(colors, weights="none")["data"] != before["data"]


def test_a_tutorials_figure_is_no_part(colors: Path) -> None:
    """A preset whose text is mended is the same training."""
    lesson = trainer.begin("fashion-basic", data=colors, out=colors.parent)
    bare = replace(lesson.job, recipe=replace(lesson.job.recipe, tutorial=None))
    assert identity(lesson.job, lesson.images, ()) == identity(bare, lesson.images, ())
