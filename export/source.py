"""What is exported: a Keras model on raw pixels, its contract, and the images it is proven on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from litescore.contract import Contract
from litescore.dataset import Dataset


@dataclass(frozen=True)
class Source:
    """A model ready to be converted, whoever trained it.

    name        where it came from, for people: a path
    model       keras.Model from float32[n, h, w, c], raw pixels 0..255, to probabilities
                float32[n, units]; the batch dimension is open
    logits      the same model up to the numbers before its softmax or sigmoid, or None where
                they cannot be reached
    contract    how images become its tensors; labels in output order
    train       images to calibrate with
    validation  images for every gate and choice, not among `train`
    test        images that are reported on once, at the end
    data        what the three parts were read from
    notes       what people should know of how these were found
    facts       what the contract's `origin` gets beside what it has
    """

    name: str
    model: Any
    logits: Any | None
    contract: Contract
    train: Dataset
    validation: Dataset
    test: Dataset
    data: str
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
