"""A file that has a contract is described again: what stays, what changes, and what no longer holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from litescore import contract
from litescore.contract import Contract
from litescore.scorer import Scorer
from litescore.view import View
from tests.litescore import tiny
from tests.litescore.conftest import LABELS, Say
from tests.litescore.tiny import RUNTIME

FULL = Contract(
    LABELS, "gray", 4, 3, resize="fit-longest", padding=7, interpolation="bilinear",
    variant="int8", smallest_runtime=RUNTIME,
    origin={"temperature": 1.5}, accuracy={"float": 0.9, "n": 70},
)  # fmt: skip
GOLDEN = {"0.png": b"picture", "litert.json": b"{}"}


@pytest.fixture
def full_model(bare_model: Path) -> Path:
    """A file whose contract and golden samples say all that an export says."""
    bare_model.write_bytes(contract.append(bare_model.read_bytes(), FULL, GOLDEN))
    return bare_model


def golden(model: Path) -> dict[str, bytes]:
    """The golden files that a model carries."""
    found = contract.associated_files(model)
    return {
        name.removeprefix("golden/"): data
        for name, data in found.items()
        if name.startswith("golden/")
    }


def test_describing_again(bare_model: Path, names: Path, tmp_path: Path, say: Say) -> None:
    """Other names replace the first only where that is asked for; nothing is appended twice."""
    say("describe", bare_model, "--labels", names)
    first = bare_model.read_bytes()
    other = tmp_path / "other.txt"
    for text in ("x\ny\nz\n", "bee\nant\ncat\n"):
        other.write_text(text)
        said = say("describe", bare_model, "--labels", other)
        assert said.code == 3
        assert said.refusal() == (
            f"{bare_model}: its contract has other labels, or in another order (ant, bee, cat): "
            "leave out --labels to keep them, or replace them with --overwrite"
        )
        assert bare_model.read_bytes() == first
        assert say("describe", bare_model, "--labels", other, "--overwrite").code == 0
        assert Scorer(bare_model).contract.labels == tuple(text.split())
        say("describe", bare_model, "--labels", names, "--overwrite")
        assert bare_model.read_bytes() == first


@pytest.mark.parametrize("stated", [False, True])
def test_what_was_not_stated_is_kept(full_model: Path, names: Path, say: Say, stated: bool) -> None:
    """To the byte, and told: modes, variant, origin, accuracy and golden samples."""
    before = full_model.read_bytes()
    said = say("describe", full_model, *(("--labels", names) if stated else ()))
    assert (said.code, said.err) == (0, "")
    kept = "resize, padding, interpolation, variant, origin, accuracy, golden samples"
    assert said.out.splitlines() == [
        f"{full_model}: 3 labels, 4 x 3 gray, fit-longest, bilinear, jpeg full",
        f"kept of its contract: {kept if stated else f'labels, {kept}'}",
    ]
    assert full_model.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (("--resize", "squash"), {"resize": "squash"}),
        (("--interpolation", "bilinear-antialias"), {"interpolation": "bilinear-antialias"}),
        (("--output", "multilabel"), {"output": "multilabel"}),
    ],
)
def test_what_no_longer_holds_is_dropped(
    full_model: Path, say: Say, words: tuple[str, str], changed: dict[str, Any]
) -> None:
    """Accuracy and golden samples were taken with other answers; the rest stays."""
    said = say("describe", full_model, *words)
    assert said.code == 0
    assert contract.read(full_model) == replace(FULL, accuracy={}, **changed)
    assert golden(full_model) == {}
    (field,) = changed
    assert said.out.splitlines()[-1] == f"dropped, since {field} changed: accuracy, golden samples"
    kept = said.out.splitlines()[1].split(": ")[1].split(", ")
    assert field not in kept
    assert {"labels", "padding", "variant", "origin"} <= set(kept)
    assert not {"accuracy", "golden samples"} & set(kept)


def test_jpegs_decoded_in_another_way(bare_model: Path, names: Path, say: Say) -> None:
    """Told, kept when it is not stated, and changed; what was measured before is dropped then."""
    said = say("describe", bare_model, "--labels", names, "--jpeg", "scaled")
    assert said.out.endswith(" 4 x 3 gray, squash, bilinear-antialias, jpeg scaled\n")
    scaled = Contract(LABELS, "gray", 4, 3, jpeg="scaled", smallest_runtime=RUNTIME)
    assert contract.read(bare_model) == scaled
    assert ", bilinear-antialias, jpeg scaled\n" in say("inspect", bare_model).out
    measured = replace(scaled, accuracy={"float": 0.9})
    bare_model.write_bytes(contract.append(bare_model.read_bytes(), measured, GOLDEN))
    assert "labels, jpeg, accuracy, golden samples" in say("describe", bare_model).out
    said = say("describe", bare_model, "--jpeg", "full")
    assert said.out.splitlines()[-1] == "dropped, since jpeg changed: accuracy, golden samples"
    assert contract.read(bare_model) == replace(scaled, jpeg="full")


def test_a_view_is_stated_field_by_field(full_model: Path, say: Say) -> None:
    """Each option changes its own field, the default too. Accuracy was measured on other pixels and
    goes; golden samples are tensors already and stay.
    """
    said = say("describe", full_model, "--rotate", "90", "--roi", "0.25,0,0.5,1", "--invert")
    assert said.code == 0
    view = View(90, region=(0.25, 0, 0.5, 1), invert=True)
    assert contract.read(full_model) == replace(FULL, accuracy={}, view=view)
    assert golden(full_model) == GOLDEN
    assert said.out.splitlines() == [
        f"{full_model}: 3 labels, 4 x 3 gray, fit-longest, bilinear, jpeg full, rotate 90, "
        "region 0.25,0.0,0.5,1.0, invert",
        "kept of its contract: labels, resize, padding, interpolation, variant, origin, "
        "golden samples",
        "dropped, since view changed: accuracy",
    ]
    again = say("describe", full_model, "--roi", "whole", "--mirror", "--no-invert")
    assert contract.read(full_model) == replace(FULL, accuracy={}, view=View(90, mirror=True))
    assert "dropped" not in again.out
    assert "labels, resize, padding, interpolation, view, " in say("describe", full_model).out
    assert say("describe", full_model, "--rotate", "0", "--no-mirror").code == 0
    assert "view" not in json.loads(contract.associated_files(full_model)["litescore.json"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("--roi", "0,0,1,1"),
            "the region '0,0,1,1' may be one pixel or the whole picture: write ",
        ),
        (("--roi", "left"), "the region 'left' is not four numbers: write x,y,width,height"),
        (("--roi", ""), "the region '' is not four numbers"),
        (("--rotate", "45"), "Invalid value for '--rotate'"),
    ],
)
def test_a_view_of_other_words_is_refused(
    full_model: Path, say: Say, words: tuple[str, str], told: str
) -> None:
    """Wrong usage, in one line; the file stays as it was."""
    before = full_model.read_bytes()
    said = say("describe", full_model, *words)
    assert said.code == 2
    assert told in said.err
    assert full_model.read_bytes() == before


def test_scaled_jpegs_need_antialiasing(full_model: Path, say: Say) -> None:
    """Refused with the file's name; it stays as it was."""
    before = full_model.read_bytes()
    said = say("describe", full_model, "--jpeg", "scaled")
    assert said.code == 3
    assert said.refusal().startswith(
        f"{full_model}: jpeg 'scaled' does not go with interpolation 'bilinear': "
    )
    assert full_model.read_bytes() == before
    assert (
        say(
            "describe", full_model, "--jpeg", "scaled", "--interpolation", "bilinear-antialias"
        ).code
        == 0
    )


def test_other_labels_drop_what_was_measured(full_model: Path, names: Path, say: Say) -> None:
    """How pixels are made and where the model came from do not hang on its labels."""
    names.write_text("x\ny\nz\n")
    said = say("describe", full_model, "--labels", names, "--overwrite")
    assert contract.read(full_model) == replace(FULL, labels=("x", "y", "z"), accuracy={})
    assert golden(full_model) == {}
    assert said.out.splitlines()[-1] == "dropped, since labels changed: accuracy, golden samples"


def test_saying_the_same_drops_nothing(full_model: Path, names: Path, say: Say) -> None:
    """A mode that is stated as it was is no change."""
    before = full_model.read_bytes()
    modes = ("--resize", "fit-longest", "--interpolation", "bilinear", "--output", "softmax")
    assert say("describe", full_model, "--labels", names, *modes).code == 0
    assert full_model.read_bytes() == before


def test_a_threshold_is_kept_and_changed(bare_model: Path, say: Say) -> None:
    """Of a multilabel file; what was measured without it stays. With another output it is gone."""
    model = tiny.build(ending="sigmoid")
    held = replace(FULL, output="multilabel", threshold=0.3)
    bare_model.write_bytes(contract.append(model, held, GOLDEN))
    assert say("describe", bare_model).code == 0
    assert contract.read(bare_model) == held
    assert say("describe", bare_model, "--threshold", "0.7").code == 0
    assert contract.read(bare_model) == replace(held, threshold=0.7)
    assert golden(bare_model) == GOLDEN
    said = say("describe", bare_model, "--threshold", "0.5", "--resize", "squash")
    assert said.out.splitlines()[-1] == "dropped, since resize changed: accuracy, golden samples"


def test_a_threshold_goes_with_its_output(bare_model: Path, say: Say) -> None:
    """A softmax has none, and says so."""
    held = replace(FULL, output="multilabel", threshold=0.3, accuracy={})
    bare_model.write_bytes(contract.append(bare_model.read_bytes(), held))
    said = say("describe", bare_model, "--output", "softmax")
    assert said.out.splitlines()[-1] == "dropped, since output changed: threshold"
    assert contract.read(bare_model) == replace(held, output="softmax", threshold=0.5)


def test_an_exported_file_proves_itself_still(int8_model: Path, tmp_path: Path, say: Say) -> None:
    """Golden samples that are kept replay as before."""
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(int8_model.read_bytes())
    assert say("describe", copy).code == 0
    assert copy.read_bytes() == int8_model.read_bytes()
    assert say("verify", copy).code == 0


def test_a_broken_contract_is_replaced(small_model: Path, names: Path, say: Say) -> None:
    """Describing is the way out of a damaged contract, but it is not lost by the way."""
    out = names.with_name("mended.tflite")
    damaged = bytearray(small_model.read_bytes())
    damaged[damaged.index(b'"color"') + 1] ^= 1
    out.write_bytes(damaged)
    said = say("describe", out, "--labels", names)
    assert said.code == 3
    assert said.refusal().startswith(f"{out}: ")
    assert said.refusal().endswith("; or replace it with --overwrite")
    assert out.read_bytes() == damaged
    said = say("describe", out, "--labels", names, "--overwrite")
    assert said.code == 0
    assert said.out.splitlines()[-1] == "dropped: a contract that cannot be read"
    assert Scorer(out).contract.labels == LABELS
