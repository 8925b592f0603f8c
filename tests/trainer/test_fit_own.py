"""Training of models that are no plain chain, as one's own may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.trainer.test_fit import CNN, MLP, Weights, build, clothes
from trainer.fitting.order import batches, shuffled
from trainer.presets import Optimization


def own(shape: str) -> Any:
    """A model of Dense layers from 28 x 28 pixels to 10 probabilities."""
    from trainer.backend import keras

    layers = keras.layers
    keras.utils.set_random_seed(0)
    pixels = keras.Input((28, 28, 1))
    x = layers.Dense(10, activation="relu")(layers.Flatten()(layers.Rescaling(1 / 255)(pixels)))
    if shape == "branching":
        x = layers.Add()([x, layers.Dense(10)(x)])
    elif shape == "shared":
        twice = layers.Dense(10, activation="tanh")
        x = twice(twice(x))
    elif shape == "aside":
        # Both come of the same; in the list of layers one stands behind the other.
        x = layers.Subtract()([layers.Dense(10)(x), layers.Dense(10)(x)])
    return keras.Model(pixels, layers.Dense(10, activation="softmax")(x))


def weights_of_both(shape: str) -> tuple[Weights, Weights]:
    """One epoch by Keras on the same batches in the same order, and by us."""
    from trainer.fitting.fit import fit

    examples = clothes(96)
    ours, theirs = own(shape), own(shape)
    theirs.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    for group in batches(shuffled(96, seed=7, epoch=1), 32):
        for chosen in group:
            pixels = examples.tensors[chosen].astype(np.float32)
            theirs.train_on_batch(pixels, examples.classes[chosen])
    fit(ours, examples, logits=False, epochs=1, seed=7)
    return theirs.get_weights(), ours.get_weights()


@pytest.mark.parametrize("shape", ["branching", "shared", "aside"])
def test_a_graph_is_trained_as_it_is(tensorflow: Callable[..., Any], shape: str) -> None:
    """Branches and a layer that is used twice learn as Keras lets them."""
    theirs, ours = tensorflow(weights_of_both, shape)
    for expected, got in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(got, expected, atol=2e-4)


def chains() -> list[bool]:
    from trainer.models.plain import is_chain

    models = [build(MLP, clothes(1), 10), own("chain"), build(CNN, clothes(1), 10)]
    return [is_chain(model) for model in (*models, own("branching"), own("shared"))]


def test_dense_chains_are_known(tensorflow: Callable[..., Any]) -> None:
    """Only they may be walked layer by layer."""
    assert tensorflow(chains) == [True, True, False, False, False]


def averaged_count() -> tuple[list[str], list[int]]:
    """Of a model with a Normalization layer, trained with a moving average: types, and its counts."""
    from trainer.backend import keras
    from trainer.fitting.fit import fit

    examples = clothes(64)
    normal = keras.layers.Normalization(axis=-1)
    normal.adapt(examples.tensors.astype(np.float32))
    pixels = keras.Input((28, 28, 1))
    x = keras.layers.Flatten()(normal(pixels))
    model = keras.Model(pixels, keras.layers.Dense(10)(x))
    counted = [int(w) for w in model.get_weights() if w.dtype.kind in "iu"]
    moving = Optimization(average=0.9)
    fit(model, examples, logits=True, epochs=1, optimization=moving)
    after = [int(w) for w in model.get_weights() if w.dtype.kind in "iu"]
    return [str(w.dtype) for w in model.get_weights()], [*counted, *after]


def test_a_count_among_the_weights_is_kept(tensorflow: Callable[..., Any]) -> None:
    """A moving average is of what moves; whole numbers stay."""
    types, counts = tensorflow(averaged_count)
    assert any(name.startswith("int") for name in types)
    assert len(set(counts)) == 1
