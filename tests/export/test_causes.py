"""Causes that explain as much as each other: the simplest is named, and none kept silent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Tensorflow = Callable[..., Any]

LABELS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def colors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folder of pictures, each full of its colour, in 8 x 8 pixels."""
    root = tmp_path_factory.mktemp("colors") / "data"
    for channel, label in enumerate(LABELS):
        (root / label).mkdir(parents=True)
        for number in range(16):
            pixels = np.random.default_rng([channel, number]).integers(0, 60, (8, 8, 3), np.uint8)
            pixels[..., channel] += 180
            Image.fromarray(pixels).save(root / label / f"{number:02}.png")
    (root.parent / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    return root


def cause(data: Path, order: tuple[int, ...], scores: bool) -> str:
    """Why a model of colours differs from the code that fed it with its channels in this order."""
    from export import graph
    from export.causes import Evidence, likeliest
    from export.convert import tensorflow
    from export.foreign import Description, open_model

    keras = tensorflow().keras
    path = data.parent / "model.keras"
    layers = [keras.layers.GlobalAveragePooling2D(), keras.layers.Softmax()]
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(0.01), *layers]).save(path)
    labels = data.parent / "labels.txt"
    source = open_model(path, Description(labels, str(data), preprocess="none"))
    tensors = source.train.tensors(source.contract)
    theirs = graph.predict(source.model, source.contract, tensors[..., order])
    known = theirs.max(axis=1) if scores else None
    found = Evidence(source, source.train, theirs.argmax(axis=1), known)
    return likeliest(found, graph.predict(source.model, source.contract, tensors))


def test_the_simplest_of_causes_that_tie(tensorflow: Tensorflow, colors: Path) -> None:
    """Swapped colours are no caffe scaling, though that and other labels explain as much."""
    found = tensorflow(cause, colors, (2, 1, 0), False)
    assert found.startswith("blue first among the colours: so fed, the Keras model agrees on 100%")
    assert "; as well explained by scaling as --preprocess caffe, or by labels in another" in found
    assert "what they call 'red' is 'blue' here" in found


def test_scores_break_the_tie(tensorflow: Tensorflow, colors: Path) -> None:
    """Other scaling gives other scores; labels in another order say nothing of scores."""
    found = tensorflow(cause, colors, (2, 1, 0), True)
    assert found.startswith("blue first among the colours")
    assert "caffe" not in found
    assert "labels in another order" in found


def test_an_order_that_no_feeding_explains(tensorflow: Tensorflow, colors: Path) -> None:
    """Channels turned round are labels in another order, and nothing else."""
    found = tensorflow(cause, colors, (1, 2, 0), False)
    assert found.startswith("labels in another order: ")
    assert "as well" not in found
