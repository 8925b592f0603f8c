"""What TFLite Metadata says of a model; MediaPipe reads it itself in tests/test_mediapipe.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from litescore import contract
from litescore.contract import Contract
from litescore.errors import ModelError
from litescore.tflite import flatbuffer, metadata, prefix
from litescore.tflite.flatbuffer import Table
from tests.litescore import tiny

RGB = Contract(("a", "b", "c"), "rgb", 8, 8)
GRAY = replace(RGB, color="gray")


def described(model: bytes, held: Contract) -> tuple[Table, Table]:
    """What the metadata tells of the input and of the output."""
    found = prefix.content(contract.append(model, held), metadata.NAME)
    assert found is not None
    assert found[4:8] == b"M001"
    root = flatbuffer.root(found)
    assert root.text(7) == "1.0.0"
    (graph,) = root.tables(3)
    ((taken,), (given,)) = graph.tables(2), graph.tables(3)
    return taken, given


@pytest.mark.parametrize(("held", "space"), [(RGB, 1), (GRAY, 2)])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_the_image(held: Contract, space: int, dtype: str) -> None:
    """Its colour, and that raw pixels are wanted: mean 0, deviation 1, from 0 to 255."""
    taken, _ = described(tiny.build((8, 8, held.channels), dtype=dtype), held)
    assert f"8 x 8 {held.color}" in taken.text(1)
    content = taken.table(3)
    assert content is not None
    assert content.number(0, "B") == 2
    properties = content.table(1)
    assert properties is not None
    assert properties.number(0, "B") == space
    (unit,) = taken.tables(4)
    options = unit.table(1)
    assert options is not None
    assert (unit.number(0, "B"), options.vector(0, "f"), options.vector(1, "f")) == (1, (0,), (1,))
    stats = taken.table(5)
    assert stats is not None
    assert (stats.vector(0, "f"), stats.vector(1, "f")) == ((255,), (0,))


@pytest.mark.parametrize(("dtype", "highest"), [("float32", 1), ("uint8", 255)])
def test_the_probabilities(dtype: str, highest: int) -> None:
    """Their range, and the name of the file of labels, which lies at the end of the model."""
    model = tiny.build((8, 8, 3), dtype=dtype)
    _, given = described(model, RGB)
    stats = given.table(5)
    assert stats is not None
    assert (stats.vector(0, "f"), stats.vector(1, "f")) == ((highest,), (0,))
    (labels,) = given.tables(6)
    assert labels.number(2, "B") == 2
    files = contract.associated_files(contract.append(model, RGB))
    assert files[labels.text(0)] == b"a\nb\nc\n"
    assert given.tables(4) == []


def test_a_threshold_is_told() -> None:
    """From which probability on a label holds."""
    held = replace(RGB, output="multilabel", threshold=0.25)
    _, given = described(tiny.build((8, 8, 3), ending="sigmoid"), held)
    (unit,) = given.tables(4)
    options = unit.table(1)
    assert options is not None
    place = options.place(0)
    assert place is not None
    assert unit.number(0, "B") == 3
    assert options.data[place : place + 4] == b"\0\0\x80\x3e"


def test_one_unit_has_no_labels() -> None:
    """One value for two classes: a file of two labels would name the wrong one."""
    model = tiny.build((8, 8, 3), 1, ending="sigmoid")
    _, given = described(model, Contract(("no", "yes"), "rgb", 8, 8, output="sigmoid"))
    assert given.tables(6) == []


@pytest.mark.parametrize("wrong", ["inputs", "outputs"])
def test_models_of_several_are_left_alone(wrong: str) -> None:
    """Which of them is the image cannot be known."""
    model = tiny.build((8, 8, 3), inputs=1 + (wrong == "inputs"), outputs=1 + (wrong == "outputs"))
    assert metadata.attach(model, RGB) == model
    assert contract.append(model, RGB).startswith(model)


def test_normalization_is_read_back() -> None:
    """Of ours raw pixels; of a model without metadata nothing."""
    model = tiny.build((8, 8, 3))
    assert metadata.normalization(model) is None
    assert metadata.normalization(contract.append(model, RGB)) == ((0,), (1,))


@pytest.mark.parametrize("content", [b"", bytes(64)])
def test_empty_metadata(content: bytes) -> None:
    """Another tool's metadata that says nothing."""
    held = prefix.attach(tiny.build((8, 8, 3)), metadata.NAME, content)
    assert metadata.normalization(held) is None


@pytest.mark.parametrize("content", [b"\4", b"\4\0\0\0", b"\xff" * 64])
def test_broken_metadata(content: bytes) -> None:
    """Damaged, it is refused."""
    held = prefix.attach(tiny.build((8, 8, 3)), metadata.NAME, content)
    with pytest.raises(ModelError, match="an offset leads out of the file"):
        metadata.normalization(held)
