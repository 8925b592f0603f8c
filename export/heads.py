"""How a classifier ends: what its answers mean, and the numbers before its softmax or sigmoid.

Read from the model's structure where that can be seen, and judged by its answers where not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export import graph
from export.convert import tensorflow
from export.preprocess import PREPROCESSES, Preprocess
from litescore.contract import OUTPUTS, Contract
from litescore.errors import ModelError, UsageError

# Answers of a float model are probabilities when they are so to this much.
_CLOSE = 1e-3
_NOISE = 8
# Real images that are enough to see what a model gives.
SHOWN = 64


@dataclass(frozen=True)
class Heads:
    """A classifier on raw pixels.

    probabilities  keras.Model to float32[n, units], each 0..1
    logits         the same up to the numbers before its softmax or sigmoid, or None
    output         as in the contract: `softmax`, `sigmoid` or `multilabel`
    notes          how that was found, where a person should know
    """

    probabilities: Any
    logits: Any | None
    output: str
    notes: tuple[str, ...] = ()


def heads(
    model: Any,
    contract: Contract,
    images: NDArray[np.uint8],
    *,
    preprocess: Preprocess = PREPROCESSES["none"],
    output: str | None = None,
) -> Heads:
    """The model on raw pixels, with and without what turns its numbers into probabilities.

    images  uint8[n, h, w, c], asked beside noise where the structure does not show the ending
    output  what the answers mean, where it is known; None for what the model shows

    Raises ModelError for an output that is not one vector of the contract's classes, or that
    contradicts `output`, for answers that are no finite numbers, and UsageError for an `output` that the answers leave open.
    """
    units = _units(model, contract)
    whole = graph.pixels_model(model, contract, preprocess)
    ending, bare = _structure(model)
    notes: tuple[str, ...] = ()
    given = _given(whole, images)
    if ending is None:
        ending = _judged(given, output)
        bare = model if ending == "linear" else None
        notes = (f"its structure cannot be seen: its answers are taken for {_KINDS[ending]}",)
    meaning = _meaning(ending, units, output)
    logits = None if bare is None else graph.pixels_model(bare, contract, preprocess)
    if ending == "linear":
        added = "softmax" if meaning == "softmax" else "sigmoid"
        notes += (f"the model gives logits: their {added} was put behind them",)
        whole = graph.with_probabilities(logits, meaning)
    return Heads(whole, logits, meaning, notes)


_KINDS = {"softmax": "probabilities", "sigmoid": "sigmoids", "linear": "logits"}


def _units(model: Any, contract: Contract) -> int:
    shape, labels = model.output_shape, len(contract.labels)
    if isinstance(shape, list):
        raise ModelError(f"the model has {len(shape)} outputs, not one vector of classes")
    if len(shape) != 2 or shape[1] is None:
        raise ModelError(f"the model gives {tuple(shape[1:])}, not one vector of classes")
    if shape[1] != labels and (shape[1], labels) != (1, 2):
        raise ModelError(
            f"the model gives {shape[1]} numbers, {labels} labels are given: one label a number, "
            "in the order of the training's classes, or two for a single sigmoid"
        )
    return int(shape[1])


def _meaning(ending: str, units: int, wanted: str | None) -> str:
    """What the answers of so many units mean. Raises ModelError for what they cannot."""
    if wanted is not None and wanted not in OUTPUTS:
        raise UsageError(f"unknown --output {wanted!r}: one of {', '.join(OUTPUTS)}")
    possible = {
        "softmax": ["softmax"],
        "sigmoid": ["sigmoid"] if units == 1 else ["multilabel"],
        "linear": ["sigmoid"] if units == 1 else ["softmax", "multilabel"],
    }[ending]
    if ending == "softmax" and units == 1:
        raise ModelError("a softmax over one unit always says 1: train it with a sigmoid")
    if wanted is None:
        return possible[0]
    if wanted not in possible:
        raise ModelError(
            f"--output {wanted} contradicts the model, {units} units of {_KINDS[ending]}: "
            f"leave it out or say {' or '.join(possible)}"
        )
    return wanted


def _structure(model: Any) -> tuple[str | None, Any | None]:
    """How the model ends (softmax, sigmoid, linear; None where that cannot be seen), and the model
    without that ending, or None where it cannot be cut off.
    """
    last = _last(model)
    ending = _ending(last)
    if ending is None or ending == "linear":
        return ending, model if ending else None
    if isinstance(last, tensorflow().keras.layers.Layer):
        return ending, _without(model, last)
    own = getattr(model, "operations", [None])[-1]
    return ending, tensorflow().keras.Model(model.inputs, last.input) if own is last else None


def _last(model: Any) -> Any:
    """The layer, or the operation, whose answer is the model's; looked for in models inside it."""
    # Operations beside layers are what functions of keras.ops leave; a Sequential has none.
    parts = getattr(model, "operations", None) or getattr(model, "layers", None)
    return _last(parts[-1]) if parts else model


def _ending(last: Any) -> str | None:
    kind = type(last).__name__
    if kind in ("Softmax", "Sigmoid"):
        return kind.lower()
    activation = getattr(getattr(last, "activation", None), "__name__", None)
    # Only a layer with weights of its own makes logits: a linear Activation passes on anything.
    if activation in ("softmax", "sigmoid") or (activation == "linear" and kind == "Dense"):
        return str(activation)
    if kind == "Dense":
        raise ModelError(
            f"the last layer ({last.name}) ends in {activation}: litescore exports softmax, "
            "sigmoid or logits"
        )
    return None


def _without(model: Any, last: Any) -> Any:
    """A copy of the model that shares its weights and ends before the last layer's activation."""
    linear = _passing_on(last.name)
    if last.weights:
        linear = type(last).from_config(last.get_config() | {"activation": "linear"})
    copy = tensorflow().keras.models.clone_model(
        model, clone_function=lambda layer: linear if layer is last else layer, recursive=True
    )
    linear.set_weights(last.get_weights())
    return copy


def _passing_on(name: str) -> Any:
    """A layer that does nothing, and takes the mask with which Keras calls a Softmax."""

    class Passing(tensorflow().keras.layers.Layer):  # type: ignore[misc]
        def call(self, values: Any, mask: Any = None) -> Any:  # noqa: ARG002
            return values

    return Passing(name=name)


def _given(model: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the model answers to the images and to noise, float32[n + 8, units]."""
    shape = (_NOISE, *images.shape[1:])
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    values = graph.answers(model, np.concatenate([images, noise]))
    odd = values[: len(images)][~np.isfinite(values[: len(images)])]
    if len(odd):
        raise ModelError(
            f"the model answers {odd[0]:g} to a picture of the data: its training went astray, or "
            "its pixels were scaled otherwise"
        )
    return values


def _judged(values: NDArray[np.float32], wanted: str | None) -> str:
    """The ending that gives such answers, float32[n, units]."""
    if values.min() < -_CLOSE or values.max() > 1 + _CLOSE:
        return "linear"
    if values.shape[1] == 1 or wanted == "multilabel":
        return "sigmoid"
    if np.abs(values.sum(axis=1) - 1).max() < _CLOSE:
        return "softmax"
    if wanted is None:
        raise UsageError(
            "the model's answers lie between 0 and 1 but do not sum to 1: say what they mean, "
            "--output multilabel, or --output softmax for logits"
        )
    return "linear"
