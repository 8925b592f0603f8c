"""A foreign model gets its contract."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import flatbuffers
import pytest

from litescore import contract
from litescore.contract import Contract
from litescore.scorer import Scorer
from litescore.tflite import metadata, prefix
from tests.litescore import tiny
from tests.litescore.conftest import LABELS, Say
from tests.litescore.tiny import RUNTIME


def test_a_contract_in_place(bare_model: Path, names: Path, say: Say) -> None:
    """The model itself is replaced; size and colour are its tensors'."""
    bare = bare_model.read_bytes()
    said = say("describe", bare_model, "--labels", names)
    assert (said.code, said.err) == (0, "")
    assert (
        said.out == f"{bare_model}: 3 labels, 4 x 3 gray, squash, bilinear-antialias, jpeg full\n"
    )
    assert contract.read(bare_model) == Contract(LABELS, "gray", 4, 3, smallest_runtime=RUNTIME)
    assert contract.strip(bare_model.read_bytes()) == bare
    assert Scorer(bare_model).contract.labels == LABELS


def test_into_another_file_with_other_modes(bare_model: Path, names: Path, say: Say) -> None:
    """The original stays as it was."""
    before, out = bare_model.read_bytes(), bare_model.with_name("mine.tflite")
    modes = ("--resize", "fit-shortest", "--interpolation", "bilinear")
    assert say("describe", bare_model, "--labels", names, *modes, "--out", out).code == 0
    held = contract.read(out)
    assert held == Contract(
        LABELS, "gray", 4, 3, resize="fit-shortest", interpolation="bilinear",
        smallest_runtime=RUNTIME,
    )  # fmt: skip
    assert bare_model.read_bytes() == before


def test_what_others_put_at_its_end(bare_model: Path, names: Path, say: Say) -> None:
    """Another tool's files do not stay, which is told."""
    with zipfile.ZipFile(bare_model, "a") as tail:
        tail.writestr("labelmap.txt", "x\ny\nz\n")
    said = say("describe", bare_model, "--labels", names)
    assert said.out.splitlines()[1:] == ["dropped: labelmap.txt"]


def test_a_file_without_labels_needs_them(bare_model: Path, say: Say) -> None:
    """There is no contract to keep them from."""
    said = say("describe", bare_model)
    assert said.code == 2
    assert said.refusal() == "a file without a contract needs its class names: --labels FILE"


def test_one_unit_for_two_classes(bare_model: Path, tmp_path: Path, say: Say) -> None:
    """A sigmoid is recognised; its unit is the second class."""
    bare_model.write_bytes(tiny.build((4, 3, 1), 1, ending="sigmoid"))
    names = tmp_path / "pets.txt"
    names.write_text("cat\ndog\n")
    assert say("describe", bare_model, "--labels", names).code == 0
    held = contract.read(bare_model)
    assert held == Contract(
        ("cat", "dog"), "gray", 4, 3, output="sigmoid", smallest_runtime=RUNTIME
    )


def test_labels_that_are_questions_of_their_own(bare_model: Path, names: Path, say: Say) -> None:
    """A multilabel file is told by its user, with the probability from which a label holds."""
    bare_model.write_bytes(tiny.build(ending="sigmoid"))
    said = say("describe", bare_model, "--labels", names)
    assert said.code == 3
    assert re.search(r"the answers to an image add up to [\d.]+, not to 1", said.refusal())
    words = ("describe", bare_model, "--labels", names, "--output", "multilabel")
    assert say(*words).code == 0
    held = contract.read(bare_model)
    assert held == Contract(LABELS, "gray", 4, 3, output="multilabel", smallest_runtime=RUNTIME)
    assert say(*words, "--threshold", "0.3").code == 0
    assert contract.read(bare_model) == replace(held, threshold=0.3)


def test_a_threshold_is_of_multilabel_only(bare_model: Path, names: Path, say: Say) -> None:
    """It would say nothing of a softmax."""
    before = bare_model.read_bytes()
    said = say("describe", bare_model, "--labels", names, "--threshold", "0.3")
    assert said.code == 2
    assert said.refusal() == "--threshold 0.3 is for --output multilabel only"
    assert say("describe", bare_model, "--labels", names, "--threshold", "1").code == 2
    assert bare_model.read_bytes() == before


@pytest.mark.parametrize("output", ["softmax", "multilabel"])
def test_one_unit_is_nothing_else(bare_model: Path, names: Path, say: Say, output: str) -> None:
    """One unit for two labels is a sigmoid, whatever is said."""
    bare_model.write_bytes(tiny.build((4, 3, 1), 1, ending="sigmoid"))
    names.write_text("cat\ndog\n")
    said = say("describe", bare_model, "--labels", names, "--output", output)
    assert (said.code, said.refusal()) == (
        3,
        f"{bare_model}: one unit for two labels is a sigmoid, not {output}: leave out --output",
    )


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_what_wants_its_pixels_normalized(
    bare_model: Path, names: Path, say: Say, dtype: str
) -> None:
    """Another tool's metadata says what the tensors cannot; of whole numbers they say it all."""
    with_metadata = prefix.attach(tiny.build(dtype=dtype), metadata.NAME, normalizing(127.5, 128.0))
    model = without_mark(with_metadata)
    bare_model.write_bytes(model)
    said = say("describe", bare_model, "--labels", names)
    if dtype == "uint8":
        assert said.code == 0
        assert contract.strip(bare_model.read_bytes()) == model
        return
    assert said.code == 3
    assert "wants pixels normalized by mean 127.5 and deviation 128, litescore" in said.refusal()
    assert bare_model.read_bytes() == model


def normalizing(mean: float, deviation: float) -> bytes:
    """TFLite Metadata of one input that is normalized so, as another writer would make it."""
    builder = flatbuffers.Builder(256)
    image = ("image", None, None, None, [(1, ([mean], [deviation]))])
    model = ("other", None, None, [(None, None, [image])])
    builder.Finish(metadata._pack(builder, model), b"M001")
    return bytes(builder.Output())


def without_mark(model: bytes) -> bytes:
    """The model as if the metadata in its head had always been its own."""
    assert model[8:16] == b"litescor"
    return model[:8] + bytes(8) + model[16:]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"ending": None}, "answers .*, which is no probability: its graph must end in softmax"),
        ({"classes": 4}, "bare.tflite: 3 labels, but the model has 4 outputs"),
        ({"shape": (12,)}, r"bare.tflite: the input is \[-1, 12\], not \[batch, height"),
        ({"dtype": "uint8", "quantization": (0.5, 0)}, "bare.tflite: the input is uint8 with"),
        ({"inputs": 2}, "bare.tflite: the model has 2 inputs"),
    ],
)
def test_what_cannot_be_described(
    bare_model: Path, names: Path, say: Say, model: dict[str, Any], said: str
) -> None:
    """One line with the file's name; the file stays as it was."""
    data = tiny.build(**model)
    bare_model.write_bytes(data)
    found = say("describe", bare_model, "--labels", names)
    assert found.code == 3
    assert re.search(said, found.refusal())
    assert found.refusal().startswith(f"{bare_model}: ")
    assert bare_model.read_bytes() == data


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("--resize", "squash"),
        ("--resize", "fit-longest"),
        ("--interpolation", "bilinear"),
        ("--jpeg", "scaled"),
    ],
)
def test_an_unknown_mode_is_wrong_usage(
    bare_model: Path, names: Path, say: Say, option: str, known: str
) -> None:
    """The known ones are listed."""
    found = say("describe", bare_model, "--labels", names, option, "stretch")
    assert found.code == 2
    assert "'stretch' is not one of" in found.err
    assert f"'{known}'" in found.err
