"""The contract as a value, as JSON, and at the end of a model file."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest

from litescore import contract
from litescore.contract import Contract
from litescore.errors import ContractError

FULL = Contract(
    ("Ankle boot", "T-shirt/top", "Würfel 🎲"),
    "rgb",
    32,
    48,
    resize="fit-longest",
    padding=114,
    interpolation="bilinear",
    output="multilabel",
    variant="int16x8",
    origin={"dataset": "fashion", "seed": 3, "versions": {"tensorflow": "2.21"}},
    accuracy={"float": 0.91, "exported": {"litert": 0.9}},
)
SMALL = Contract(("a", "b", "c"), "gray", 4, 3)


def values(**changes: Any) -> dict[str, Any]:
    """The JSON of a contract as a dict, changed."""
    held: dict[str, Any] = json.loads(SMALL.to_json())
    return held | changes


def test_json_and_back() -> None:
    """Every field survives the way through JSON, names that are not ASCII too."""
    assert Contract.from_json(FULL.to_json()) == FULL
    assert Contract.from_json(FULL.to_json().encode()) == FULL
    assert "Würfel 🎲" in FULL.to_json()


def test_the_same_contract_makes_the_same_text() -> None:
    """What differs only in how it was made is the same JSON."""
    again = Contract(list(FULL.labels), **{k: v for k, v in vars(FULL).items() if k != "labels"})
    assert again.to_json() == FULL.to_json()


def test_a_contract_is_frozen() -> None:
    """Neither its fields nor the facts in it can be changed, nor those it was made from."""
    origin = {"seed": 1}
    held = replace(SMALL, origin=origin)
    with pytest.raises(FrozenInstanceError):
        held.height = 5  # type: ignore[misc]
    with pytest.raises(TypeError):
        held.origin["seed"] = 2  # type: ignore[index]
    origin["seed"] = 3
    assert held.origin["seed"] == 1


def test_channels_follow_the_colour() -> None:
    """One channel for gray, three for colour."""
    assert SMALL.channels == 1
    assert FULL.channels == 3


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5])
def test_another_version_is_refused(version: object) -> None:
    """A contract of a version that this litescore does not know names it."""
    with pytest.raises(ContractError, match=f"version {version!r} is not known: .*version 1"):
        Contract.from_json(json.dumps(values(version=version)))


def test_an_unknown_field_is_refused() -> None:
    """A field from the future may change what pixels mean: it is named, not skipped."""
    with pytest.raises(ContractError, match="unknown field in the contract: gamma, mirror"):
        Contract.from_json(json.dumps(values(mirror=True, gamma=2)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("color", "bgr"),
        ("color", ["gray"]),
        ("resize", "stretch"),
        ("interpolation", "bicubic"),
        ("jpeg", "half"),
        ("jpeg", None),
        ("output", "logits"),
        ("variant", "int4"),
    ],
)
def test_an_unknown_mode_is_refused(name: str, value: object) -> None:
    """A mode that this litescore does not know is named, with the known ones."""
    with pytest.raises(ContractError, match=f"unknown {name} .* in the contract: one of "):
        Contract.from_json(json.dumps(values(**{name: value})))


def test_jpeg_is_written_where_it_is_scaled_only() -> None:
    """Files from before the field mean `full`; readers from before it go on reading such files, and
    refuse the others by its name.
    """
    assert "jpeg" not in values()
    assert Contract.from_json(json.dumps(values())).jpeg == "full"
    scaled = replace(SMALL, jpeg="scaled")
    assert json.loads(scaled.to_json())["jpeg"] == "scaled"
    assert Contract.from_json(scaled.to_json()) == scaled != SMALL


def test_scaled_jpegs_are_antialiased() -> None:
    """Without antialiasing other pixels would be sampled: refused, with the way out."""
    with pytest.raises(ContractError, match=r"jpeg 'scaled' .* interpolation 'bilinear'.*'full'"):
        replace(SMALL, jpeg="scaled", interpolation="bilinear")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("height", 0),
        ("height", 1.0),
        ("width", 16385),
        ("width", True),
        ("width", "3"),
        ("padding", -1),
        ("padding", 256),
    ],
)
def test_a_number_outside_its_range_is_refused(name: str, value: object) -> None:
    """Sizes and padding are whole numbers within their range."""
    with pytest.raises(ContractError, match=f"{name} {value!r} .* is not a whole number"):
        Contract.from_json(json.dumps(values(**{name: value})))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([], "at least two labels"),
        (["one"], "at least two labels are needed, 1 given"),
        (["a", "b", "a"], "label 'a' is given twice"),
        (["a", ""], "label '' is not a line"),
        (["a", "b\nc"], r"label 'b\\nc' is not a line"),
        (["a", "b\u2028c"], "is not a line"),
        (["a", "\udcff"], "is not a line"),
        (["a", 1], "label 1 is not a line"),
        (["a", None], "label None is not a line"),
        ("abc", "labels 'abc' .* are not a list"),
        (7, "labels 7 .* are not a list"),
    ],
)
def test_labels_that_cannot_be_are_refused(labels: object, said: str) -> None:
    """Labels are lines of text, each once; what labels.txt could not hold is refused."""
    with pytest.raises(ContractError, match=said):
        Contract.from_json(json.dumps(values(labels=labels)))


def test_a_sigmoid_has_two_labels() -> None:
    """One unit tells two classes apart, not three."""
    assert Contract(("no", "yes"), "gray", 4, 3, output="sigmoid").output == "sigmoid"
    with pytest.raises(ContractError, match="a sigmoid tells two labels apart, 3 given"):
        replace(SMALL, output="sigmoid")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("[]", "not a JSON object"),
        ("3", "not a JSON object"),
        ('{"version": 1}', "incomplete contract: .*labels"),
        (json.dumps(values(origin="here")), "origin 'here' .* not an object"),
        (json.dumps(values(accuracy=[1])), r"accuracy \[1\] .* not an object"),
    ],
)
def test_text_that_is_no_contract_is_refused(text: str | bytes, said: str) -> None:
    """Whatever is wrong comes out as a ContractError that says what."""
    with pytest.raises(ContractError, match=said):
        Contract.from_json(text)


def test_labels_are_read_from_a_file(tmp_path: Path) -> None:
    """One name a line; blank lines, spaces around and Windows' marks are no part of names."""
    path = tmp_path / "labels.txt"
    path.write_bytes("\ufeffant\r\n  bee \r\n\r\ncat food\r\n".encode())
    assert contract.read_labels(path) == ("ant", "bee", "cat food")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "at least two labels"),
        (b"only\n", "at least two labels are needed, 1 given"),
        (b"a\nb\na\n", "label 'a' is given twice"),
        (b"\xff\xfe\xfd", "cannot read labels"),
    ],
)
def test_a_file_of_labels_that_cannot_be_is_named(
    tmp_path: Path, content: bytes, said: str
) -> None:
    """The refusal names the file."""
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=said) as refused:
        contract.read_labels(path)
    assert str(path) in str(refused.value)


def test_a_missing_file_of_labels_is_named(tmp_path: Path) -> None:
    """No such file is a ContractError, not an OSError."""
    with pytest.raises(ContractError, match=r"cannot read labels from .*none\.txt"):
        contract.read_labels(tmp_path / "none.txt")
