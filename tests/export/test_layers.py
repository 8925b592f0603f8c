"""What int8 costs in each layer: a planted culprit is found, and float gives its accuracy back.

TensorFlow runs in a process of its own (see conftest.py).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.layers import LayerCost, costs, layer_name
from litescore.contract import Contract
from litescore.dataset import load
from litescore.errors import ModelError

IMAGES = 600
# How much louder the planted unit is than its neighbours; the next layer takes it back.
LOUD = 300


@pytest.fixture(scope="module")
def found(tensorflow: Callable[..., Any], fashion: Path) -> dict[str, list[LayerCost]]:
    """The costs of a small trained model, and of the same with a loud unit in `hidden`."""
    answers: dict[str, list[LayerCost]] = tensorflow(_costs_of_both, fashion)
    return answers


def test_a_loud_unit_is_found(found: dict[str, list[LayerCost]]) -> None:
    """It takes the steps that the other units need: worst by far, and float mends it."""
    worst = found["loud"][0]
    assert (worst.name, worst.operation) == ("hidden", "FULLY_CONNECTED")
    assert worst.lost > 0.5
    assert worst.lost > 2 * max(cost.lost for cost in found["loud"][1:])
    assert worst.recovered is not None
    assert worst.recovered > 5


def test_a_sound_model_loses_nothing_to_speak_of(found: dict[str, list[LayerCost]]) -> None:
    """Every operation rounds to the nearest step, a pooling by maximum not at all."""
    by_name = {cost.name: cost for cost in found["sound"]}
    assert {"c1", "dw + re_lu", "max_pooling2d", "hidden", "logits", "softmax"} <= set(by_name)
    assert all(cost.lost < 0.02 for cost in found["sound"])
    assert 0.2 < by_name["c1"].noise < 0.5
    assert by_name["max_pooling2d"].noise < 0.01
    assert all(abs(cost.recovered or 0) < 3 for cost in found["sound"])


def test_the_costliest_layers_are_tried(found: dict[str, list[LayerCost]]) -> None:
    """Worst first, as many as were asked for; the model's own output cannot stay float."""
    for rows in found.values():
        assert [cost.lost for cost in rows] == sorted((c.lost for c in rows), reverse=True)
    tried = [cost.recovered is not None for cost in found["loud"]]
    assert tried == [True] * 3 + [False] * (len(tried) - 3)
    assert [cost.name for cost in found["sound"] if cost.recovered is None] == ["softmax"]


def test_without_classes_nothing_is_tried(tensorflow: Callable[..., Any], fashion: Path) -> None:
    """No accuracy can come back where none is known."""
    assert tensorflow(_without_classes, fashion) == {None}


def test_what_cannot_be_debugged_is_one_line(tensorflow: Callable[..., Any]) -> None:
    """The converter's reason, without its pages."""
    with pytest.raises(ModelError, match="cannot tell what int8 costs in which layer: ") as raised:
        tensorflow(_not_a_model)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("tensor", "name"),
    [
        ("model_1/conv_1/Relu;model_1/conv_1/BiasAdd", "conv"),
        ("m_2/re_lu_1/Relu;m_2/conv_1/convolution;m_2/conv_1/Squeeze2", "conv + re_lu"),
        ("m_1/inner_1/conv_2_1/convolution", "conv_2"),
        ("m_1/norm_1/batchnorm/mul_1", "norm"),
        ("StatefulPartitionedCall_1:0", ""),
    ],
)
def test_layers_are_named_as_keras_names_them(tensor: str, name: str) -> None:
    """What was fused is joined in the model's order, whatever the converter hung behind it."""
    assert layer_name(tensor, ["conv", "conv_2", "norm", "re_lu"]) == name


def _costs_of_both(fashion: Path) -> dict[str, list[LayerCost]]:
    model, contract, tensors, classes = _trained(fashion)
    asked = (contract, tensors[:100], tensors[-IMAGES:], classes[-IMAGES:])
    sound = costs(model, *asked, tried=99)
    _make_loud(model)
    return {"sound": sound, "loud": costs(model, *asked, tried=3)}


def _without_classes(fashion: Path) -> set[float | None]:
    model, contract, tensors, _classes = _trained(fashion, epochs=0)
    return {cost.recovered for cost in costs(model, contract, tensors[:20], tensors[:20])}


def _not_a_model() -> None:
    contract = Contract(labels=("a", "b"), color="gray", height=4, width=4)
    costs("no model", contract, *[np.zeros((2, 4, 4, 1), np.uint8)] * 2)


def _trained(fashion: Path, epochs: int = 3) -> tuple[Any, Contract, Any, Any]:
    """A model with a convolution of each kind, fitted for a few seconds."""
    from export.convert import tensorflow as loaded

    keras = loaded().keras
    keras.utils.set_random_seed(1)
    data = load(fashion, "train")
    data = data.take(range(min(len(data), 3000)))
    contract = Contract(labels=data.labels, color="gray", height=28, width=28)
    tensors, classes = data.tensors(contract), data.classes_for(contract.labels)
    layers = keras.layers
    parts = [
        layers.Rescaling(1 / 255), layers.Conv2D(8, 3, strides=2, activation="relu", name="c1"),
        layers.DepthwiseConv2D(3, name="dw"), layers.ReLU(name="re_lu"),
        layers.MaxPool2D(name="max_pooling2d"), layers.Flatten(),
        layers.Dense(24, activation="relu", name="hidden"), layers.Dense(10, name="logits"),
        layers.Softmax(name="softmax"),
    ]  # fmt: skip
    model = keras.Sequential([keras.Input((28, 28, 1)), *parts])
    model.compile("adam", "sparse_categorical_crossentropy")
    if epochs:
        model.fit(tensors.astype(np.float32), classes, epochs=epochs, verbose=0)
    return model, contract, tensors, classes


def _make_loud(model: Any) -> None:
    """Scale the strongest unit of `hidden`, and what reads it back: in float, the same model."""
    kernel, bias = model.get_layer("hidden").get_weights()
    onward, rest = model.get_layer("logits").get_weights()
    unit = int(np.abs(kernel).sum(axis=0).argmax())
    kernel[:, unit] *= LOUD
    bias[unit] *= LOUD
    onward[unit] /= LOUD
    model.get_layer("hidden").set_weights([kernel, bias])
    model.get_layer("logits").set_weights([onward, rest])
