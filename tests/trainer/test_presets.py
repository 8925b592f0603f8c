"""The five tutorials as presets, and what may be asked for."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from litescore.errors import ConfigurationError, UsageError
from trainer.augmentation import KINDS as AUGMENTATIONS
from trainer.cli import train
from trainer.plan import Request, plan
from trainer.presets import KINDS, PRESETS, find, find_model

# preset -> data set, hidden layers, dropout, logits, epochs
TUTORIALS = {
    "mnist-quickstart": ("mnist", (128,), 0.2, True, 5),
    "fashion-basic": ("fashion-mnist", (128,), 0.0, False, 5),
    "fashion-devclub": ("fashion-mnist", (128,), 0.0, False, 5),
    "fashion-logits": ("fashion-mnist", (128,), 0.0, True, 10),
    "mnist-early-stop": ("mnist", (50, 50), 0.0, False, 50),
}


@pytest.mark.parametrize("name", TUTORIALS)
def test_presets_have_the_tutorials_own_architecture(name: str) -> None:
    """Layers, loss and epochs are those that the tutorial has."""
    recipe = find(name)
    layers = recipe.architecture
    assert (
        recipe.dataset,
        layers.hidden,
        layers.dropout,
        layers.logits,
        recipe.epochs,
    ) == TUTORIALS[name]
    assert recipe.tutorial is not None


def test_the_help_lists_every_preset() -> None:
    """The help is text, so that it comes without importing anything; it must not fall behind."""
    shown = train.get_help(click.Context(train))
    assert all(f"  {name} " in shown for name in PRESETS)
    assert {name for name, recipe in PRESETS.items() if recipe.tutorial} == set(TUTORIALS)


def test_the_help_lists_models_and_augmentations() -> None:
    """With the strengths that are used where none is given."""
    shown = train.get_help(click.Context(train))
    assert all(name in shown for name in KINDS)
    assert all(f"{name}:{kind.strength:g}" in shown for name, kind in AUGMENTATIONS.items())


def test_an_unknown_preset_lists_them_all() -> None:
    """The fix is in the message."""
    with pytest.raises(UsageError) as raised:
        find("fashion-best-of-all")
    assert "'fashion-best-of-all'" in str(raised.value)
    assert all(name in str(raised.value) for name in PRESETS)


def test_an_unknown_model_lists_both() -> None:
    """`--model` takes mlp and cnn."""
    with pytest.raises(UsageError, match="unknown model 'vgg': one of mlp, cnn"):
        find_model("vgg")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({}, "nothing to train: name a --preset"),
        ({"model": "cnn"}, "your own images with --data FOLDER"),
        ({"preset": "fashion-basic", "model": "cnn"}, "leave --model cnn out"),
    ],
)
def test_words_that_do_not_go_together(words: dict[str, str], message: str) -> None:
    """Refused as wrong usage, with what to write instead."""
    with pytest.raises(UsageError, match=message):
        plan(Request(**words))  # type: ignore[arg-type]


def test_what_is_given_stands_in_place_of_the_recipe(tmp_path: Path) -> None:
    """Options change a preset; what is not given is the preset's own."""
    words = Request(preset="mnist-quickstart", data=tmp_path, out=tmp_path / "run", epochs=2)
    recipe = plan(words).recipe
    assert (recipe.epochs, recipe.batch, recipe.patience) == (2, 32, None)


def test_own_images_get_a_cnn(tmp_path: Path) -> None:
    """`--data` alone is enough."""
    job = plan(Request(data=tmp_path, out=tmp_path / "run"))
    assert job.recipe.architecture.kind == "cnn"
    assert job.data.place == str(tmp_path)


def test_a_finished_run_that_is_replaced_is_told(tmp_path: Path) -> None:
    """Of an empty folder nothing is said."""
    told: list[str] = []
    request = Request(data=tmp_path, out=tmp_path / "run")
    plan(request, told.append)
    assert told == []
    (tmp_path / "run" / "run.json").touch()
    plan(request, told.append)
    assert told == [f"{tmp_path / 'run'} holds a finished training: this one takes its place"]


def test_an_out_that_is_a_file_is_refused_before_training(tmp_path: Path) -> None:
    """The message names the path and the option."""
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(ConfigurationError, match=r"cannot make the folder .*run: .*--out"):
        plan(Request(data=tmp_path, out=tmp_path / "run"))
