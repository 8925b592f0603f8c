"""Inputs and outputs as the file itself tells them, and indices that lead past its tensors."""

from __future__ import annotations

from pathlib import Path

import pytest

from litescore import contract
from litescore.contract import Contract
from litescore.errors import ModelError
from litescore.tflite import tensors
from tests.litescore import tiny
from tests.litescore.conftest import LABELS, Say
from tests.litescore.schema import edited

BEYOND = [("inputs", 6), ("inputs", -1), ("outputs", 99), ("outputs", -(2**31))]


def leading_to(ends: str, number: int) -> bytes:
    """A model of six tensors whose graph names another as its input or output."""
    return edited(
        tiny.build(dtype="uint8"), lambda model: setattr(model.subgraphs[0], ends, [number])
    )


@pytest.mark.parametrize(("ends", "number"), [("inputs", 5), ("outputs", 0)])
def test_any_of_the_graphs_tensors(ends: str, number: int) -> None:
    """The first and the last are tensors like the others."""
    (found,) = getattr(tensors.read(leading_to(ends, number)), ends)
    assert found.name == f"t{number}"


@pytest.mark.parametrize(("ends", "number"), BEYOND)
def test_what_is_no_tensor_of_the_graph(ends: str, number: int) -> None:
    """Neither an IndexError nor the last tensor: such a file is spoilt, and not described."""
    model = leading_to(ends, number)
    for refuses in (
        lambda: tensors.read(model),
        lambda: contract.append(model, Contract(LABELS, "gray", 4, 3)),
    ):
        with pytest.raises(ModelError, match=rf"^the {ends} name tensor {number}, the graph has 6"):
            refuses()


@pytest.mark.parametrize(("ends", "number"), BEYOND)
def test_every_command_refuses_it_in_one_line(
    ends: str, number: int, tmp_path: Path, say: Say
) -> None:
    """By the file's name; one that runtimes load at first (-1) too."""
    path, names = tmp_path / "spoilt.tflite", tmp_path / "names.txt"
    path.write_bytes(leading_to(ends, number))
    names.write_text("\n".join(LABELS))
    for words in (
        ("inspect", path),
        ("describe", path, "--labels", names),
        ("bench", path, "--no-litert-benchmark"),
        ("evaluate", path, "--labels", names, "--data", tmp_path),
    ):
        said = say(*words)
        assert said.code == 3
        assert said.refusal().startswith(
            f"{path}: the {ends} name tensor {number}, the graph has 6"
        )
