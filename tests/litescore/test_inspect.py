"""What a model file holds, told to people and to machines."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from litescore import contract
from tests.litescore.conftest import LABELS, Say


def test_a_model_with_its_contract(small_model: Path, say: Say) -> None:
    """Labels, size, modes, tensors, operations and the digest."""
    said = say("inspect", small_model)
    assert (said.code, said.err) == (0, "")
    for part in (
        hashlib.sha256(small_model.read_bytes()).hexdigest(),
        f"{small_model.stat().st_size:,} bytes",
        "input      uint8[-1, 4, 3, 1], scale 1, zero point 0",
        "output     uint8[-1, 3], scale 0.00390625, zero point 0",
        "RESHAPE, FULLY_CONNECTED, SOFTMAX",
        "labels     ant, bee, cat",
        "pixels     4 x 3 gray, squash, bilinear-antialias",
        "output     softmax, variant int8",
        "golden     0 images",
    ):
        assert part in said.out


def test_a_model_without_a_contract(bare_model: Path, say: Say) -> None:
    """It is told as far as it goes, with the way to a contract."""
    said = say("inspect", bare_model)
    assert said.code == 0
    assert "contract   none: `litescore describe` adds one" in said.out
    assert json.loads(say("inspect", bare_model, "--json").out)["contract"] is None


def test_json(small_model: Path, say: Say) -> None:
    """The same for a machine."""
    held = json.loads(say("inspect", small_model, "--json").out)
    assert held["sha256"] == hashlib.sha256(small_model.read_bytes()).hexdigest()
    assert held["bytes"] == small_model.stat().st_size
    assert held["model_bytes"] == len(contract.strip(small_model.read_bytes()))
    assert held["input"] == {
        "shape": [-1, 4, 3, 1],
        "dtype": "uint8",
        "scale": 1.0,
        "zero_point": 0,
    }
    assert held["output"]["shape"] == [-1, 3]
    assert held["operations"] == {"RESHAPE": 1, "FULLY_CONNECTED": 1, "SOFTMAX": 1}
    assert held["contract"]["labels"] == list(LABELS)
    assert held["golden"] == []


def test_an_exported_model(int8_model: Path, say: Say) -> None:
    """Where it came from, what it scored, and ten golden images."""
    said = say("inspect", int8_model)
    assert "golden     10 images" in said.out
    assert "variant int8" in said.out
    assert "\naccuracy   " in said.out
    assert "\norigin     " in said.out
    golden = json.loads(say("inspect", int8_model, "--json").out)["golden"]
    assert "golden/0.png" in golden
    assert "golden/litert.json" in golden
