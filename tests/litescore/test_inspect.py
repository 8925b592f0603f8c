"""What a model file holds, told to people and to machines."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from litescore import contract
from litescore.contract import Contract
from litescore.interpreter import available
from litescore.view import View
from tests.litescore import tiny
from tests.litescore.conftest import LABELS, Say


def test_a_model_with_its_contract(small_model: Path, say: Say) -> None:
    """Labels, size, modes, tensors, operations with versions, runtimes and the digest."""
    said = say("inspect", small_model)
    assert (said.code, said.err) == (0, "")
    for part in (
        hashlib.sha256(small_model.read_bytes()).hexdigest(),
        f"{small_model.stat().st_size:,} bytes",
        "input      uint8[-1, 4, 3, 1], scale 1, zero point 0",
        "output     uint8[-1, 3], scale 0.00390625, zero point 0",
        "operations RESHAPE v1, FULLY_CONNECTED v4, SOFTMAX v1",
        "needs      TensorFlow Lite 1.14.0, for FULLY_CONNECTED v4",
        f"loaded by  {', '.join(map(str, available()))}",
        "MediaPipe  no: MediaPipe reads RGB only",
        "labels     ant, bee, cat",
        "view       whole picture",
        "pixels     4 x 3 gray, squash, bilinear-antialias, jpeg full",
        "output     softmax, variant int8",
        "golden     0 images",
    ):
        assert f"{part}\n" in said.out or part in said.out.splitlines()[0]


def test_a_model_without_a_contract(bare_model: Path, say: Say) -> None:
    """It is told as far as it goes, with the way to a contract."""
    said = say("inspect", bare_model)
    assert said.code == 0
    assert "needs      TensorFlow Lite 1.14.0, for FULLY_CONNECTED v4" in said.out
    assert "contract   none: `litescore describe` adds one" in said.out
    assert json.loads(say("inspect", bare_model, "--json").out)["contract"] is None


def test_json(small_model: Path, say: Say) -> None:
    """The same for a machine."""
    held = json.loads(say("inspect", small_model, "--json").out)
    assert held["sha256"] == hashlib.sha256(small_model.read_bytes()).hexdigest()
    assert held["bytes"] == small_model.stat().st_size
    assert held["model_bytes"] == len(contract.strip(small_model.read_bytes()))
    shape = {"shape": [-1, 4, 3, 1], "dtype": "uint8", "scale": 1.0, "zero_point": 0}
    assert held["inputs"] == [{"name": "t0"} | shape]
    assert held["outputs"][0]["shape"] == [-1, 3]
    kinds = [(one["name"], one["version"], one["count"]) for one in held["operations"]]
    assert kinds == [("RESHAPE", 1, 1), ("FULLY_CONNECTED", 4, 1), ("SOFTMAX", 1, 1)]
    assert held["smallest_runtime"]["version"] == "1.14.0"
    assert held["smallest_runtime"]["because"] == held["operations"][1]
    assert held["runtimes"] == [
        {"runtime": one.name, "version": one.version, "refused": None} for one in available()
    ]
    assert held["mediapipe"] == {"reads": False, "refused": "MediaPipe reads RGB only"}
    assert held["contract"]["labels"] == list(LABELS)
    assert held["contract"]["smallest_runtime"] == "1.14.0"
    assert held["golden"] == []


def test_a_view(tmp_path: Path, say: Say) -> None:
    """Told as words and as JSON; MediaPipe, which has no word for it, sees whole pictures."""
    held = Contract(LABELS, "rgb", 4, 3, view=View(180, region=(10, 20, 30, 40)))
    model = tmp_path / "camera.tflite"
    model.write_bytes(contract.append(tiny.build((4, 3, 3), batch=1), held))
    said = say("inspect", model).out
    assert "view       rotate 180, region 10,20,30,40\n" in said
    assert "MediaPipe  reads it, but not its view\n" in said
    found = json.loads(say("inspect", model, "--json").out)
    assert found["contract"]["view"] == {"rotate": 180, "region": [10, 20, 30, 40]}


def test_an_exported_model(int8_model: Path, say: Say) -> None:
    """Where it came from, what it scored, and ten golden images."""
    said = say("inspect", int8_model)
    assert "golden     10 images" in said.out
    assert "variant int8" in said.out
    assert "\naccuracy   " in said.out
    assert "\norigin     " in said.out
    held = json.loads(say("inspect", int8_model, "--json").out)
    assert "golden/0.png" in held["golden"]
    assert "golden/litert.json" in held["golden"]
    assert held["contract"]["smallest_runtime"] == held["smallest_runtime"]["version"]


def test_facts_are_told_to_people(bare_model: Path, say: Say) -> None:
    """Nested figures and what is not known, without Python's braces and None."""
    held = Contract(
        LABELS, "gray", 4, 3, output="multilabel", threshold=0.3,
        origin={"preset": None, "seed": 3}, accuracy={"exported": {"litert": 1 / 3, "n": 7}},
    )  # fmt: skip
    bare_model.write_bytes(contract.append(bare_model.read_bytes(), held))
    lines = say("inspect", bare_model).out.splitlines()
    assert "output     multilabel from 0.3 on, variant unknown" in lines
    assert "origin     preset: none" in lines
    assert "origin     seed: 3" in lines
    assert "accuracy   exported: litert 0.3333, n 7" in lines


def test_several_inputs_and_outputs(bare_model: Path, say: Say) -> None:
    """Each by its name; that litescore does not score such models is no reason not to look."""
    bare_model.write_bytes(tiny.build(inputs=2, outputs=2))
    said = say("inspect", bare_model)
    assert said.code == 0
    for part in (
        "input      t0: float32[-1, 4, 3, 1]",
        "input      t6: float32[-1, 4, 3, 1]",
        "output     t5: float32[-1, 3]",
        "output     t2: float32[-1, 3]",
        f"loaded by  {', '.join(map(str, available()))}",
        "MediaPipe  no: MediaPipe reads models of one image and one vector",
    ):
        assert f"{part}\n" in said.out


def test_what_only_a_newer_runtime_loads(bare_model: Path, say: Say) -> None:
    """FULLY_CONNECTED version 12: which runtime it needs, and which one here refuses it."""
    pytest.importorskip("tflite_runtime")
    bare_model.write_bytes(tiny.build(version=12))
    said = say("inspect", bare_model)
    assert said.code == 0
    assert "needs      TensorFlow Lite 2.17.0, for FULLY_CONNECTED v12\n" in said.out
    assert (
        "refused by tflite-runtime 2.14.0: "
        "Didn't find op for builtin opcode 'FULLY_CONNECTED' version '12'\n"
    ) in said.out
    assert f"loaded by  {available()[0]}\n" in said.out


def test_what_no_runtime_loads(bare_model: Path, say: Say) -> None:
    """A version from the future: the file is told all the same."""
    bare_model.write_bytes(tiny.build((8, 8, 3), dtype="uint8", version=99))
    said = say("inspect", bare_model)
    assert said.code == 0
    for part in (
        "input      uint8[-1, 8, 8, 3], scale 1, zero point 0",
        "operations RESHAPE v1, FULLY_CONNECTED v99, SOFTMAX v1",
        "needs      a runtime unknown to litescore, for FULLY_CONNECTED v99",
        "loaded by  no runtime here",
        "MediaPipe  no: its runtime may lack FULLY_CONNECTED v99",
    ):
        assert f"{part}\n" in said.out
    assert said.out.count("refused by ") == len(available())


def test_labels_do_not_move_the_cursor(small_model: Path, tmp_path: Path, say: Say) -> None:
    """What a terminal would take for a command is shown with a sign, wherever a file says it."""
    held = contract.read(small_model)
    assert held is not None
    hostile = replace(held, labels=("ant", "\x1b[2Jbee", "cat"), origin={"data": "\x1b]0;x\x07"})
    path = tmp_path / "hostile.tflite"
    path.write_bytes(contract.append(small_model.read_bytes(), hostile))
    said = say("inspect", path)
    assert "labels     ant, \N{REPLACEMENT CHARACTER}[2Jbee, cat\n" in said.out
    assert said.out.replace("\n", "").isprintable()
