"""`litescore train --show-code`: a plain Keras script that says, and does, what the preset does."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore import dataset
from litescore.errors import UsageError
from tests.rig import warm
from tests.trainer.conftest import SHIPPED
from trainer import presets
from trainer.cli import train as command
from trainer.images import splits
from trainer.presets import Architecture, Optimization, Recipe
from trainer.script import text

# Everything that a recipe can say, at once.
RICH = Recipe(
    "rich",
    Architecture("cnn", channels=(4, 8, 8), dropout=0.2, logits=True),
    epochs=2,
    batch=64,
    patience=3,
    dataset="fashion-mnist",
    augment=("flip", "shift:0.1", "rotate", "zoom", "shear", "brightness", "contrast", "erase"),
    optimization=Optimization("sgd", 0.05, "cosine", 0.1, 0.001, 0.1, 0.99, balanced=True),
)
RECIPES = [*presets.PRESETS.values(), RICH]
# An epoch of the two best presets takes too long here: what they train is shown, not how well.
TRAINED = [recipe for recipe in RECIPES if not recipe.name.endswith("-best")]
# Images for the small convolutional network.
FEW = 600
# Of a script and the trainer after an epoch on 5,000 images: both draw batches of their own.
NEAR = 0.06


def written(recipe: Recipe, folder: Path) -> Path:
    """The script of a recipe as a file."""
    path = folder / f"{recipe.name.replace('-', '_')}.py"
    path.write_text(text.write(recipe))
    return path


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_code_is_clean(recipe: Recipe, tmp_path: Path) -> None:
    """Formatted, without an unused name, short enough to read."""
    path = written(recipe, tmp_path)
    ruff = [sys.executable, "-m", "ruff"]
    rules = ["--select", "E,F,W,I,N,UP,B,A,C4,SIM,RET", "--line-length", "100"]
    for words in (["check", *rules], ["format", "--diff", "--line-length", "100"]):
        done = subprocess.run([*ruff, *words, "--isolated", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_text().count("\n") < 220
    assert "litescore" not in re.sub('""".*?"""', "", path.read_text(), flags=re.DOTALL)


def run_script(path: Path, most: int, epochs: int) -> tuple[str, dict[str, Any]]:
    """What the script prints on (the first) images of the shipped slice, and what its model and
    training were. It trains for one epoch or none.
    """
    import keras

    module = _module(path)
    load = module.load
    module.load = lambda: [[part[:most] for part in pair] for pair in load()]
    seen: dict[str, Any] = {}
    fit = keras.Model.fit

    def watched(model: Any, *words: Any, **named: Any) -> Any:
        each = -(-len(words[0]) // module.BATCH) if len(words) > 1 else len(words[0])
        seen.update(epochs=named["epochs"], batch=module.BATCH, steps=each * named["epochs"])
        # Keras counts its first step 0, the trainer 1.
        optimizer = _optimizer(model.optimizer, seen["steps"], first=1)
        seen.update(layers=_layers(model), optimizer=optimizer)
        return fit(model, *words, **named | {"epochs": epochs}) if epochs else None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "fit", watched)
        patch.setattr(sys, "argv", ["script.py", str(SHIPPED)])
        said = _printed(module.main)
    return said, seen


def built(recipe: Recipe, epochs: int, steps: int) -> dict[str, Any]:
    """The layers, the optimizer, the accuracy and the untrained loss of the trainer itself."""
    import keras

    from trainer import models
    from trainer.fitting import schedule

    parts = splits.load(SHIPPED, recipe.validation, seed=0)
    if recipe.architecture.kind == "cnn":
        parts = replace(parts, train=_first(parts.train), test=_first(parts.test))
    keras.utils.set_random_seed(0)
    model = models.build(recipe.architecture, parts.contract)
    optimizer = schedule.optimizer(recipe.optimization, model.trainable_variables, steps=steps)
    found = {"layers": _layers(model), "optimizer": _optimizer(optimizer, steps)}
    return found | (_trained(recipe, parts) if epochs else {})


def _trained(recipe: Recipe, parts: splits.Splits) -> dict[str, Any]:
    from trainer import run
    from trainer.fitting.history import Unwatched
    from trainer.images.catalog import Found
    from trainer.plan import Job

    short = replace(recipe, epochs=1, patience=None)
    job = Job(short, Found(SHIPPED, "the shipped slice"), Path("unwritten"))
    trained = run.train(job, parts, Unwatched())
    return {"untrained": trained.untrained, "test": trained.test.accuracy}


def _first(examples: splits.Examples) -> splits.Examples:
    return replace(examples, tensors=examples.tensors[:FEW], classes=examples.classes[:FEW])


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _printed(function: Callable[[], None]) -> str:
    import io
    from contextlib import redirect_stdout

    out = io.StringIO()
    with redirect_stdout(out):
        function()
    return out.getvalue()


def _layers(model: Any) -> list[tuple[str, dict[str, Any]]]:
    """Kind and settings of each layer but the input, in the order of the graph."""
    dull = ("name", "dtype", "build_config", "seed")
    return [
        (type(layer).__name__, {k: str(v) for k, v in layer.get_config().items() if k not in dull})
        for layer in model.layers
        if type(layer).__name__ != "InputLayer"
    ]


def _optimizer(
    optimizer: Any, steps: int, first: int = 0
) -> tuple[str, dict[str, Any], list[float]]:
    """Kind and settings, and how fast it moves at the start, at the top, on the way and at the end."""
    config = optimizer.get_config()
    rate = config.pop("learning_rate")
    dull = ("name", "exclude_from_weight_decay")
    settings = {k: str(v) for k, v in config.items() if k not in dull}
    if not isinstance(rate, dict):
        return type(optimizer).__name__, settings, [rate]
    schedule = optimizer._learning_rate
    rates = [float(schedule(first + round(share * steps))) for share in (0.02, 0.1, 0.4, 0.9)]
    return type(optimizer).__name__, settings, rates


@pytest.fixture(scope="module", params=RECIPES, ids=lambda recipe: recipe.name)
def pair(
    request: pytest.FixtureRequest,
    tensorflow: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Recipe, str, dict[str, Any], dict[str, Any]]:
    """A recipe, what its script printed after an epoch, what it was, and the trainer's own."""
    recipe: Recipe = request.param
    path = written(recipe, tmp_path_factory.mktemp("script"))
    most = FEW if recipe.architecture.kind == "cnn" else 10**6
    epochs = int(recipe in TRAINED)
    said, seen = tensorflow(run_script, path, most, epochs)
    return recipe, said, seen, tensorflow(built, recipe, epochs, seen["steps"])


Pair = tuple[Recipe, str, dict[str, Any], dict[str, Any]]


def test_the_script_trains_the_same_model(pair: Pair) -> None:
    """Layer by layer; optimizer, rates, epochs and batch; untrained it is the same to the digit."""
    recipe, said, seen, own = pair
    assert seen["layers"] == own["layers"]
    assert seen["optimizer"][:2] == own["optimizer"][:2]
    np.testing.assert_allclose(seen["optimizer"][2], own["optimizer"][2], rtol=1e-3)
    assert (seen["epochs"], seen["batch"]) == (recipe.epochs, recipe.batch)
    (untrained,) = re.findall(r"untrained loss (\d\.\d+)", said)
    if "untrained" in own and not recipe.optimization.smoothing:
        assert float(untrained) == pytest.approx(own["untrained"], abs=1e-3)


def test_the_script_is_as_accurate(pair: Pair) -> None:
    """After one epoch already, near enough; first predictions are named."""
    recipe, said, _, own = pair
    (accuracy,) = re.findall(r"test accuracy (\d+\.\d+) %", said)
    if recipe.architecture.kind == "mlp":
        assert float(accuracy) / 100 == pytest.approx(own["test"], abs=NEAR)
    assert len(re.findall(r" \d+ %, is .", said)) == 5


@pytest.mark.parametrize("name", ["mnist-early-stop", "fashion-basic"])
def test_the_same_images_are_set_aside(name: str, tmp_path: Path) -> None:
    """Bit for bit those that `litescore train` watches its training with."""
    recipe = presets.find(name)
    text_only = "\n\n\n".join(["import numpy as np", *_functions(text.write(recipe), "split")])
    own: dict[str, Any] = {"SEED": 0, "LABELS": range(10)}
    exec(text_only, own)
    labels = dataset.load(SHIPPED, "train").classes
    _, watched = own["split"](labels, recipe.validation)
    held = dataset.split_off(dataset.load(SHIPPED, "train"), recipe.validation, seed=0)[1]
    np.testing.assert_array_equal(labels[watched], held.classes)
    pixels = np.asarray(dataset.load(SHIPPED, "train").images)[watched]
    np.testing.assert_array_equal(pixels, np.asarray(held.images))


def _functions(script: str, name: str) -> list[str]:
    return [part for part in script.split("\n\n\n") if part.startswith(f"def {name}(")]


def test_the_command_prints_it_and_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stated is in it; nothing is written, no TensorFlow is loaded for a tutorial."""
    words = ("train", "--preset", "mnist-early-stop", "--epochs", "7", "--seed", "3")
    monkeypatch.chdir(tmp_path)
    said = warm.litescore(*words, "--show-code")
    assert said.returncode == 0, said.stderr
    recipe = replace(presets.find("mnist-early-stop"), epochs=7)
    assert said.stdout == text.write(recipe, seed=3)
    assert "EPOCHS = 7" in said.stdout
    assert not list(tmp_path.iterdir())


# An option -> a value of it that changes the script, and words that the script has then; None for
# what no script says.
OPTIONS: dict[str, tuple[list[str], str] | None] = {
    "--preset": (["mnist-quickstart"], "mnist-quickstart in plain Keras"),
    "--epochs": (["77"], "EPOCHS = 77"),
    "--batch": (["77"], "BATCH = 77"),
    "--patience": (["77"], "patience=77"),
    "--rate": (["0.77"], "rate = 0.77"),
    "--augment": (["erase:0.77"], "RandomErasing(0.77"),
    "--balanced": ([], "class_weight="),
    "--seed": (["77"], "SEED = 77"),
    "--show-code": ([], "def build()"),
    "--model": None,
    "--weights": None,
    "--data": None,
    "--out": None,
    "--color": None,
    "--size": None,
    "--cache": None,
    "--resume": None,
    "--rotate": None,
    "--mirror": None,
    "--roi": None,
    "--invert": None,
    "--keras-home": None,
    "--quiet": None,
    "--json": None,
}
VALUES = {"--color": "rgb", "--rotate": "90", "--roi": "whole"}


def test_every_option_is_in_the_table() -> None:
    """Those of the command and no others: a new one has to be put here."""
    assert {param.opts[0] for param in command.params} == set(OPTIONS)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_said_or_refused(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is taken in silence and left out of the script."""
    monkeypatch.chdir(tmp_path)
    preset = [] if option == "--preset" else ["--preset", "fashion-basic"]
    expected = OPTIONS[option]
    if expected:
        values, words = expected
        said = warm.litescore("train", *preset, "--show-code", option, *values)
        assert said.returncode == 0, said.stderr
        assert words in said.stdout
        return
    flag = next(param for param in command.params if option in param.opts).is_flag  # type: ignore[attr-defined]
    value = [] if flag else [VALUES.get(option, "77")]
    said = warm.litescore("train", *preset, "--show-code", option, *value)
    assert (said.returncode, said.stdout) == (2, "")
    assert f"has no words for {option}: leave it out" in said.stderr


def test_keras_home_in_the_environment_is_no_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody gave it to this command."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    said = warm.litescore("train", "--preset", "fashion-basic", "--show-code")
    assert said.returncode == 0, said.stderr


def test_what_is_no_preset_has_no_script(tmp_path: Path) -> None:
    """One line says so."""
    said = warm.litescore("train", "--model", "mlp", "--data", str(tmp_path), "--show-code")
    assert said.returncode == 2
    assert "--show-code prints the script of a --preset" in said.stderr
    assert "no words for --model, --data: leave them out" in said.stderr
    backbone = replace(RICH, architecture=Architecture("mobilenet-v2"))
    with pytest.raises(UsageError, match="no words for the model mobilenet-v2"):
        text.write(backbone)
