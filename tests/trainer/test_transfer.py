"""The way of benchmarks/transfer.py, with a backbone of random weights and few photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import photographs, transfer

# Four commands, two of which start TensorFlow.
pytestmark = pytest.mark.timeout(300)


def write_weights(path: Path) -> None:
    """Of a backbone that knows another three classes."""
    from litescore.contract import Contract
    from trainer import models
    from trainer.presets import Architecture

    contract = Contract(("x", "y", "z"), "rgb", 32, 32)
    models.build(Architecture("mobilenet-v3-small", weights="none"), contract).save(path)


def test_every_stage_tells_the_same_accuracy(
    tensorflow: Callable[..., Any], fashion: Path, tmp_path: Path
) -> None:
    """Training, the exported file and the records of the same test photographs."""
    weights = tmp_path / "weights.keras"
    tensorflow(write_weights, weights)
    data = photographs.write(fashion, tmp_path / "fashion", train=120, test=60)
    words = ("--model", "mobilenet-v3-small", "--weights", str(weights), "--size", "32")
    stages = transfer.follow(data, tmp_path / "run", 1, *words, variants=("f32",))
    assert [stage.name for stage in stages] == ["Keras, run.json", "evaluate f32", "score f32"]
    assert len({round(stage.accuracy, 6) for stage in stages}) == 1
