"""`{"verify": true}`: does this environment compute what the export computed?"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lambda_handler import handler, scoring
from litescore import contract, golden
from litescore.errors import ConfigurationError
from litescore.scorer import Scorer

VERIFY = {"verify": True}


@pytest.fixture
def model(int8_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The function's model, a copy that a test may change; nowhere to write records to."""
    path = tmp_path / "model.tflite"
    shutil.copy(int8_model, path)
    monkeypatch.setenv("LITESCORE_MODEL", str(path))
    monkeypatch.setenv("LITESCORE_RUNTIME", "litert")
    monkeypatch.delenv("LITESCORE_OUTPUT", raising=False)
    return path


def test_the_golden_samples_are_replayed(model: Path) -> None:
    """The verdict, what it was reached with, and which model it is about."""
    reply = handler(VERIFY, None)
    assert (reply["verdict"], reply["images"], reply["differing"]) == ("identical", 10, 0)
    assert reply["runtime"] == reply["recorded"]
    assert reply["model"] == scoring.prepare().digest
    assert "generated" not in reply


def test_without_samples_made_up_images_are_answered(model: Path) -> None:
    """Their probabilities are what any scorer of that model says to them."""
    whole = model.read_bytes()
    held = contract.read(whole)
    assert held is not None
    model.write_bytes(contract.append(contract.strip(whole), held))
    reply = handler(VERIFY, None)
    assert reply["verdict"] == "no golden samples"
    scorer = Scorer(model, runtime="litert")
    images = golden.generated(scorer.contract)
    assert len(np.unique(images)) > 100
    assert reply["generated"] == scorer.probabilities(images).tolist()


def test_a_model_that_was_replaced_proves_nothing(model: Path) -> None:
    """The samples of another file are not held against the one that is loaded."""
    scoring.prepare()
    model.write_bytes(b"another")
    with pytest.raises(ConfigurationError, match="another file than was loaded"):
        handler(VERIFY, None)
