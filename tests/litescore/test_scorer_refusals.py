"""What a Scorer refuses: other tensors, other labels, no contract, no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore.contract import Contract
from litescore.errors import ContractError, ModelError
from litescore.scorer import Scorer
from tests.litescore import tiny
from tests.litescore.animals import PIXELS, SHAPE, held, runtimes, softmax
from tests.litescore.conftest import LABELS


@pytest.mark.parametrize(
    "tensors",
    [
        PIXELS[0],
        PIXELS[:, :, :, 0],
        PIXELS.astype(np.float32),
        PIXELS.astype(np.int8),
        PIXELS.swapaxes(1, 2),
        PIXELS.repeat(3, 3),
    ],
)
def test_wrong_tensors_are_refused(small_model: Path, tensors: Any) -> None:
    """Another shape or dtype is an error of the caller's, with both said."""
    with pytest.raises(ValueError, match=r"not uint8\[n, 4, 3, 1\]"):
        Scorer(small_model).probabilities(tensors)


def test_no_contract_names_the_way_out(bare_model: Path) -> None:
    """`--labels`, or `litescore describe` with the file's name."""
    with pytest.raises(ContractError, match=f"--labels FILE, .*litescore describe {bare_model}"):
        Scorer(bare_model)


@runtimes
def test_no_contract_works_with_labels(bare_model: Path, runtime: str) -> None:
    """Size and colour are the tensors'; pictures are squashed with Pillow's bilinear."""
    scorer = Scorer(bare_model, labels=["x", "y", "z"], runtime=runtime, batch=8)
    assert scorer.contract == Contract(("x", "y", "z"), "gray", 4, 3)
    np.testing.assert_allclose(scorer.probabilities(PIXELS), softmax(PIXELS), atol=0.05)
    assert Scorer(tiny.build((5, 6, 3)), labels=LABELS).contract.color == "rgb"


@pytest.mark.parametrize("count", [2, 4])
def test_labels_of_another_number_are_refused(bare_model: Path, count: int) -> None:
    """Too few and too many, with both numbers and the file."""
    said = f"bare.tflite: {count} labels, but the model has 3 outputs"
    with pytest.raises(ContractError, match=said):
        Scorer(bare_model, labels=list("abcd")[:count])
    with pytest.raises(ContractError, match=f"{count} labels, but the model has 3 outputs"):
        Scorer(held(tiny.build(SHAPE), labels=tuple("abcd")[:count]))


def test_labels_against_those_in_the_file(small_model: Path) -> None:
    """The same ones may be given; others are refused, not ignored."""
    assert Scorer(small_model, labels=list(LABELS)).contract.labels == LABELS
    with pytest.raises(ContractError, match=r"small\.tflite carries other labels .*ant, bee, cat"):
        Scorer(small_model, labels=("bee", "ant", "cat"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"height": 5}, "the contract says 5 x 3 gray, the model takes 4 x 3 with 1 channels"),
        ({"width": 4}, "says 4 x 4 gray"),
        ({"color": "rgb"}, "says 4 x 3 rgb"),
    ],
)
def test_a_contract_of_another_model_is_refused(changes: dict[str, Any], said: str) -> None:
    """Size and colour must be the tensors'."""
    with pytest.raises(ContractError, match=said):
        Scorer(held(tiny.build(SHAPE), **changes))


def test_a_broken_contract_names_the_file(small_model: Path, tmp_path: Path) -> None:
    """Which file, and which of its parts."""
    data = bytearray(small_model.read_bytes())
    data[data.index(b'"color"') + 1] ^= 1
    path = tmp_path / "broken.tflite"
    path.write_bytes(data)
    with pytest.raises(ContractError, match=r"broken\.tflite: 'litescore\.json' .* is broken"):
        Scorer(path)


@pytest.mark.parametrize(
    ("dtype", "quantization"),
    [("uint8", (0.78, 0)), ("uint8", (1.0, 1)), ("int8", (1.0, 0)), ("int8", (0.5, -128))],
)
def test_inputs_that_are_not_raw_pixels_are_refused(
    dtype: str, quantization: tuple[float, int]
) -> None:
    """A scale that drifted in calibration is told, not scored with."""
    model = held(tiny.build(SHAPE, dtype=dtype, quantization=quantization))
    scale, zero = quantization
    said = f"the input is {dtype} with scale {scale:g} and zero point {zero}, which raw pixels"
    with pytest.raises(ModelError, match=said):
        Scorer(model)


@pytest.mark.parametrize("shape", [(12,), (2, 4, 3, 1), (4, 3, 2), (4, 3, 4)])
def test_inputs_that_are_no_pictures_are_refused(shape: tuple[int, ...]) -> None:
    """Vectors, clips, and two or four channels."""
    with pytest.raises(ModelError, match=r"the input is \[.*\], not \[batch, height, width, 1 or"):
        Scorer(tiny.build(shape), labels=LABELS)


@pytest.mark.parametrize("data", [b"", b"text, not a model" * 9])
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes) -> None:
    """By name where it is a file."""
    path = tmp_path / "x.tflite"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"x\.tflite: not a TFLite model"):
        Scorer(path)
    with pytest.raises(ModelError, match="the model: not a TFLite model"):
        Scorer(data)


def test_no_model_names_the_way_to_one(tmp_path: Path) -> None:
    """A path that does not exist, and a folder."""
    with pytest.raises(ModelError, match=r"no model at .*none\.tflite: make one with .*export"):
        Scorer(tmp_path / "none.tflite")
    with pytest.raises(
        ModelError, match=r"cannot read the model .*: it is a folder; name a .*tflite"
    ):
        Scorer(tmp_path)


def test_a_batch_that_the_graph_cannot_take_is_refused() -> None:
    """A graph whose reshape is of one image, though its input says any number."""
    with pytest.raises(ModelError, match=r"the model: .* cannot take 4 images at once"):
        Scorer(held(tiny.build(SHAPE, reshape_to=1)), batch=4)
