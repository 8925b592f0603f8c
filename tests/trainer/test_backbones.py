"""Backbones: what they take, their weights from files, what learns when, and their export."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore.contract import Contract
from litescore.errors import LitescoreError, UsageError
from trainer.models import limits
from trainer.plan import Request, plan
from trainer.presets import BACKBONES, Architecture

Tensorflow = Callable[..., Any]
GRAY = Contract(("a", "b", "c"), "gray", 32, 40)
RGB = replace(GRAY, color="rgb")
SMALL = Architecture("mobilenet-v3-small", dropout=0.2, logits=True)


@pytest.fixture(scope="module")
def pretrained(tensorflow: Tensorflow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one backbone's random weights, in each kind of file, with heads of 5 classes."""
    folder = tmp_path_factory.mktemp("weights")
    tensorflow(write_weights, folder)
    return folder


def write_weights(folder: Path) -> None:
    """Recognizable by their first kernel, which is all sevens."""
    from trainer import models

    model = models.build(SMALL, replace(RGB, labels=tuple("vwxyz")))
    kernel = model.get_layer("conv")
    kernel.set_weights([np.full_like(kernel.get_weights()[0], 7)])
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    model.save(folder / "old.h5")
    expanded = model.get_layer("expanded_conv_1_expand")
    expanded.set_weights([np.full_like(expanded.get_weights()[0], np.nan)])
    model.save_weights(folder / "nan.weights.h5")


def load(path: Path, architecture: Architecture = SMALL) -> Any:
    """The kernels of a backbone that was given the weights, or what is said."""
    from trainer import models

    try:
        model = models.build(replace(architecture, weights=str(path)), GRAY)
    except LitescoreError as error:
        return f"{type(error).__name__}: {error}"
    return [model.get_layer(name).get_weights()[0] for name in ("conv", "conv_1", "classes")]


@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5", "old.h5"])
def test_weights_of_every_file(tensorflow: Tensorflow, pretrained: Path, name: str) -> None:
    """Into a model of another size, colour and number of classes; the head stays its own."""
    first, last, head = tensorflow(load, pretrained / name)
    assert (first == 7).all()
    assert np.array_equal(last, tensorflow(load, pretrained / "model.keras")[1])
    assert head.shape == (576, 3)


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("model.keras", "mobilenet-v2", "of 104 layers 104 differ, Conv1 is missing"),
        ("nan.weights.h5", "mobilenet-v3-small", "expanded_conv_1_expand holds numbers that are"),
        ("nothing.keras", "mobilenet-v3-small", "no weights at"),
        ("text.keras", "mobilenet-v3-small", "cannot read weights from"),
        ("text.h5", "mobilenet-v3-small", "cannot read weights from"),
        ("empty.keras", "mobilenet-v3-small", "cannot read weights from"),
        ("model.txt", "mobilenet-v3-small", "ends in neither .keras nor .h5"),
    ],
)
def test_wrong_files_are_named(
    tensorflow: Tensorflow, pretrained: Path, tmp_path: Path, name: str, kind: str, told: str
) -> None:
    """Another backbone's, one that holds no numbers, and what is no file of weights."""
    (tmp_path / "text.keras").write_text("weights")
    (tmp_path / "text.h5").write_text("weights")
    (tmp_path / "model.txt").write_text("weights")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w"):
        pass
    for file in pretrained.iterdir():
        shutil.copy(file, tmp_path)
    said = tensorflow(load, tmp_path / name, replace(SMALL, kind=kind))
    assert told in said
    assert name in said
    assert "\n" not in said


def test_other_shapes_are_named(tensorflow: Tensorflow, tmp_path: Path) -> None:
    """A narrower network of the same layers: the first of them, with both shapes."""
    tensorflow(write_narrow, tmp_path / "narrow.keras")
    said = tensorflow(load, tmp_path / "narrow.keras", replace(SMALL, kind="mobilenet-v2"))
    assert "Conv1 has 3x3x3x16 instead of 3x3x3x32" in said


def write_narrow(path: Path) -> None:
    from trainer.backend import keras

    keras.applications.MobileNetV2((32, 32, 3), alpha=0.5, weights=None, include_top=False).save(
        path
    )


def test_a_picture_too_small_is_refused() -> None:
    """Before anything is loaded, with the size that works."""
    with pytest.raises(UsageError, match="28 x 28 pixels are too few: give --size 32"):
        limits.check(Architecture("mobilenet-v2"), 28)
    limits.check(Architecture("mobilenet-v2"), 32)
    limits.check(Architecture("cnn"), 28)


def test_nothing_is_frozen_that_knows_nothing(tmp_path: Path) -> None:
    """`--weights none` learns whole from the beginning; with weights the head learns first."""
    told = {"model": "mobilenet-v2", "data": str(tmp_path), "out": tmp_path / "out"}
    (tmp_path / "w.keras").touch()
    none, path = (plan(Request(**told, weights=w)) for w in ("none", str(tmp_path / "w.keras")))
    assert (none.recipe.optimization.frozen, none.recipe.optimization.fine) == (0, 1.0)
    assert path.recipe.optimization.frozen > 0


def test_what_learns_when(tensorflow: Tensorflow) -> None:
    """The head alone; then all but batch normalization, whose means stay."""
    once, twice = (tensorflow(moved, epochs) for epochs in (1, 2))
    assert once == {"classes"}
    assert twice == {"kernel", "classes"}


def moved(epochs: int) -> set[str]:
    """Names of layers that moved in a training of which at most one epoch is frozen."""
    from trainer.backend import keras
    from trainer.fitting.fit import fit
    from trainer.fitting.phases import phases
    from trainer.images.splits import Examples
    from trainer.presets import Optimization

    layers = keras.layers
    # The better epoch's weights are kept: of others the first might be the better one.
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, use_bias=False, name="kernel"),
            layers.BatchNormalization(name="means"),
            layers.GlobalAveragePooling2D(name="features"),
            layers.Dense(3, name="classes"),
        ]
    )
    random = np.random.default_rng(0)
    train = Examples(random.integers(0, 256, (8, 8, 8, 3), np.uint8), random.integers(0, 3, 8))
    slow = Optimization("adam", 1e-2, frozen=1, fine=0.1)
    assert [(p.first, p.last) for p in phases(model, slow, 2)] == [(1, 1), (2, 2)]
    assert phases(model, slow, 2)[1].optimization.rate == 1e-3
    before = {layer.name: layer.get_weights() for layer in model.layers}
    fit(model, train, logits=True, epochs=epochs, batch=4, optimization=slow)
    return {
        layer.name
        for layer in model.layers
        for was, now in zip(before[layer.name], layer.get_weights(), strict=True)
        if (was != now).any()
    }


def test_normalization_is_each_backbones_own(tensorflow: Tensorflow) -> None:
    """What the first convolution sees of black, gray and white pixels is what the application's own
    preprocessing makes of them; EfficientNet's as ImageNet's weights want it.
    """
    seen = tensorflow(normalized)
    for kind in ("mobilenet-v2", "mobilenet-v3-small"):
        assert seen[kind] == pytest.approx(np.array([[-1.0] * 3, [0.0] * 3, [1.0] * 3]))
    gray = np.array([[0.0], [0.5], [1.0]])
    expected = (gray - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert seen["efficientnet-b0"] == pytest.approx(expected, abs=1e-5)


def normalized() -> dict[str, Any]:
    from trainer.backend import keras

    pixels = np.stack([np.full((32, 40, 1), v, np.float32) for v in (0, 127.5, 255)])
    found = {}
    for kind in BACKBONES:
        model = built(kind, "gray")
        front = keras.Model(model.inputs, model.get_layer("rescale").output)
        found[kind] = np.asarray(front(pixels))[:, 0, 0]
    return found


@cache
def built(kind: str, color: str) -> Any:
    """With weights that give answers which differ from picture to picture."""
    from trainer import models
    from trainer.backend import keras

    keras.utils.set_random_seed(1)
    return models.build(Architecture(kind, logits=True, weights="none"), replace(GRAY, color=color))


@pytest.mark.parametrize("kind", BACKBONES)
def test_int8_takes_raw_pixels(tensorflow: Tensorflow, tmp_path: Path, kind: str) -> None:
    """Exported from gray, the harder colour: int8 answers nearly as Keras does. Scorer refuses an
    input that is not uint8 of scale 1 and zero point 0.
    """
    from litescore.scorer import Scorer

    keras, file = tensorflow(exported, kind, "int8", tmp_path)
    scorer = Scorer(file, labels=GRAY.labels)
    assert scorer.step is not None
    assert np.abs(scorer.probabilities(pictures()) - keras).max() < 0.1


def test_f32_answers_as_keras(tensorflow: Tensorflow, tmp_path: Path) -> None:
    """The backbone with most of its own in front of the first convolution."""
    from litescore.scorer import Scorer

    keras, file = tensorflow(exported, "efficientnet-b0", "f32", tmp_path)
    assert np.abs(Scorer(file, labels=GRAY.labels).probabilities(pictures()) - keras).max() < 1e-4


def pictures() -> Any:
    random = np.random.default_rng(0)
    tensors = random.integers(0, 256, (16, 32, 40, 1), np.uint8)
    tensors[0], tensors[1] = 0, 255
    return tensors


def exported(kind: str, variant: str, folder: Path) -> Any:
    from export import convert, graph
    from trainer.models import plain

    model = plain.with_probabilities(built(kind, "gray"), Architecture(kind, logits=True))
    file = convert.convert(graph.Saved(model, folder).at(1), variant, pictures(), 1)
    return np.asarray(model(pictures().astype(np.float32), training=False)), file
