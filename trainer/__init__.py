"""Training: from a folder of labelled images to a Keras model and a report about it.

Owns TensorFlow for training. Must not know how a model is exported, where it will run, or any
other room: what leaves here is a folder RUN with `model.keras`, `contract.json`, `history.csv`,
`run.json`, `report.html` and `plots/`. Importing `trainer` loads nothing:
`begin`, `train` and `save` (trainer.lesson) are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.lesson import Lesson as Lesson
    from trainer.lesson import begin as begin
    from trainer.lesson import save as save
    from trainer.lesson import train as train

__all__ = ["Lesson", "begin", "save", "train"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'trainer' has no attribute {name!r}")
    return getattr(import_module("trainer.lesson"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
