"""Tensors to probabilities: every dtype, every batch, both runtimes; and what a Scorer refuses."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore import contract
from litescore.contract import Contract
from litescore.errors import ConfigurationError, ContractError, ModelError
from litescore.interpreter import available
from litescore.scorer import Scorer
from tests.litescore import tiny
from tests.litescore.conftest import LABELS

SHAPE = (4, 3, 1)
PIXELS = np.random.default_rng(0).integers(0, 256, (70, *SHAPE), np.uint8)
runtimes = pytest.mark.parametrize("runtime", [one.name for one in available()])
dtypes = pytest.mark.parametrize("dtype", ["float32", "uint8", "int8"])


def softmax(pixels: NDArray[np.uint8], classes: int = 3) -> NDArray[np.float64]:
    """What `tiny.build` computes, in NumPy's float64."""
    flat = pixels.reshape(len(pixels), -1).astype(np.float64)
    logits = flat @ tiny.weights(flat.shape[1], classes).T * tiny.WEIGHT
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def held(model: bytes, **changes: Any) -> bytes:
    """The model with a contract of three animals."""
    values = {"labels": LABELS, "color": "gray", "height": 4, "width": 3} | changes
    return contract.append(model, Contract(**values))


@runtimes
@dtypes
def test_probabilities_are_the_models(runtime: str, dtype: str) -> None:
    """Raw pixels in, the softmax out, whatever the tensors' dtype: int8 sees pixels less 128."""
    scorer = Scorer(held(tiny.build(SHAPE, dtype=dtype)), runtime=runtime, batch=8)
    found = scorer.probabilities(PIXELS)
    assert (found.shape, found.dtype) == ((70, 3), np.float32)
    assert scorer.runtime == runtime
    within = 1e-5 if dtype == "float32" else 0.05
    np.testing.assert_allclose(found, softmax(PIXELS), atol=within)


@runtimes
@dtypes
@pytest.mark.parametrize("fixed", [None, 1, 4])
def test_every_batch_gives_the_same_answers(runtime: str, dtype: str, fixed: int | None) -> None:
    """One by one, by threes and by 64: partial last batches and full ones answer alike."""
    model = held(tiny.build(SHAPE, dtype=dtype, batch=fixed))
    one_by_one = Scorer(model, runtime=runtime, batch=1).probabilities(PIXELS)
    for batch in (1, 3, 64):
        scorer = Scorer(model, runtime=runtime, batch=batch)
        assert scorer.batch == (fixed or batch)
        found = scorer.probabilities(PIXELS)
        np.testing.assert_allclose(found, one_by_one, atol=1e-6 if dtype == "float32" else 0)


@runtimes
@dtypes
@pytest.mark.parametrize("fixed", [None, 4])
def test_more_threads_give_the_same_answers(runtime: str, dtype: str, fixed: int | None) -> None:
    """To the bit, at the batch it had; no more threads than were allowed."""
    model = held(tiny.build(SHAPE, dtype=dtype, batch=fixed))
    scorer = Scorer(model, runtime=runtime, batch=fixed or 8, most_threads=2)
    before = scorer.probabilities(PIXELS)
    scorer.widen()
    assert scorer.threads == 2
    np.testing.assert_array_equal(scorer.probabilities(PIXELS), before)
    alone = Scorer(model, runtime=runtime)
    alone.widen()
    assert alone.threads == 1


@pytest.mark.parametrize(
    ("machine", "runtime", "batch"),
    [
        ("x86_64", "tflite-runtime", 32),
        ("aarch64", "tflite-runtime", 1),
        ("armv7l", "tflite-runtime", 1),
        ("aarch64", "litert", 32),
    ],
)
def test_the_batch_that_suits(
    machine: str, runtime: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody says how many: on Arm tflite-runtime takes one image at a time, since a dense
    layer rounds otherwise there for several (tests/test_arm64.py shows that it matters).
    """
    if runtime not in [one.name for one in available()]:
        pytest.skip(f"{runtime} is for an older Python")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    model = held(tiny.build(SHAPE, dtype="uint8", batch=None))
    assert Scorer(model, runtime=runtime, batch=None).batch == batch
    assert Scorer(model, runtime=runtime, batch=8).batch == 8


@dtypes
def test_no_rows_of_an_earlier_batch(dtype: str) -> None:
    """A partial batch answers for its own images, whatever the batch before held."""
    scorer = Scorer(held(tiny.build(SHAPE, dtype=dtype)), batch=8)
    expected = scorer.probabilities(PIXELS[:2]).copy()
    scorer.probabilities(np.full((8, *SHAPE), 255, np.uint8))
    np.testing.assert_array_equal(scorer.probabilities(PIXELS[:2]), expected)
    assert len(scorer.probabilities(PIXELS[:0])) == 0


def test_answers_are_kept() -> None:
    """A result does not change when the scorer goes on."""
    scorer = Scorer(held(tiny.build(SHAPE)), batch=2)
    first = scorer.probabilities(PIXELS[:2])
    kept = first.copy()
    scorer.probabilities(PIXELS[2:4])
    np.testing.assert_array_equal(first, kept)


def test_tensors_are_left_as_they_are() -> None:
    """Scoring does not write into what it is given."""
    tensors = PIXELS.copy()
    Scorer(held(tiny.build(SHAPE, dtype="int8")), batch=8).probabilities(tensors)
    np.testing.assert_array_equal(tensors, PIXELS)


@runtimes
def test_models_without_a_channel(runtime: str) -> None:
    """[batch, height, width] is a gray picture too."""
    scorer = Scorer(held(tiny.build((4, 3))), runtime=runtime, batch=4)
    np.testing.assert_allclose(scorer.probabilities(PIXELS), softmax(PIXELS), atol=1e-5)


@runtimes
@dtypes
def test_sigmoid_gives_both_probabilities(runtime: str, dtype: str) -> None:
    """One unit p becomes (1 - p, p): the second label is what the unit says."""
    bare = tiny.build(SHAPE, 1, dtype=dtype, ending="sigmoid")
    model = contract.append(bare, Contract(("no", "yes"), "gray", 4, 3, output="sigmoid"))
    found = Scorer(model, runtime=runtime, batch=8).probabilities(PIXELS)
    flat = PIXELS.reshape(70, -1).astype(np.float64)
    unit = 1 / (1 + np.exp(-flat @ tiny.weights(12, 1)[0] * tiny.WEIGHT))
    assert found.shape == (70, 2)
    np.testing.assert_allclose(found[:, 1], unit, atol=1e-5 if dtype == "float32" else 0.05)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_one_unit_and_two_labels_are_a_sigmoid() -> None:
    """A foreign model of cats and dogs needs its labels only."""
    bare = tiny.build(SHAPE, 1, ending="sigmoid")
    assert Scorer(bare, labels=("cat", "dog")).contract.output == "sigmoid"
    with pytest.raises(ContractError, match="3 labels, but the model has 1 outputs"):
        Scorer(bare, labels=LABELS)


def test_outputs_are_as_the_model_gave_them() -> None:
    """Whole numbers for a quantized model; `dequantize` makes them probabilities."""
    scorer = Scorer(held(tiny.build(SHAPE, dtype="int8")), batch=8)
    outputs = scorer.outputs(PIXELS)
    assert outputs.dtype == np.int8
    np.testing.assert_array_equal(scorer.dequantize(outputs), scorer.probabilities(PIXELS))
    np.testing.assert_array_equal(
        scorer.probabilities(PIXELS), (outputs.astype(np.float32) + 128) / 256
    )


def test_the_step_is_the_outputs() -> None:
    """One quantization step, or what two float machines may differ by."""
    assert Scorer(held(tiny.build(SHAPE, dtype="uint8"))).step == 1 / 256
    assert Scorer(held(tiny.build(SHAPE))).step == 1e-4


def test_the_digest_is_the_whole_files(small_model: Path) -> None:
    """SHA-256 over everything, contract included, from a path or bytes."""
    digest = hashlib.sha256(small_model.read_bytes()).hexdigest()
    assert Scorer(small_model).digest == Scorer(str(small_model)).digest == digest
    assert Scorer(small_model.read_bytes()).digest == digest


def test_a_pinned_digest(small_model: Path) -> None:
    """The right one passes, in either case of letters; another names both."""
    digest = hashlib.sha256(small_model.read_bytes()).hexdigest()
    assert Scorer(small_model, sha256=digest.upper()).digest == digest
    with pytest.raises(ConfigurationError, match=f"{digest}, but {'0' * 64} is pinned") as refused:
        Scorer(small_model, sha256="0" * 64)
    assert str(small_model) in str(refused.value)


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


@runtimes
def test_exported_models(f32_model: Path, int8_model: Path, fashion: Path, runtime: str) -> None:
    """The real thing: both files read most clothes right, and alike."""
    from litescore import dataset

    test = dataset.load(fashion, "test").take(range(200))
    best = []
    for path in (f32_model, int8_model):
        scorer = Scorer(path, runtime=runtime, batch=64)
        best.append(scorer.probabilities(test.tensors(scorer.contract)).argmax(axis=1))
        assert (best[-1] == test.classes).mean() > 0.7
    assert (best[0] == best[1]).mean() > 0.9


def test_a_model_in_s3(small_model: Path, stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its URL, as bytes; a missing one is named."""
    stub.objects["stub", "models/small.tflite"] = small_model.read_bytes()
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    scorer = Scorer("s3://stub/models/small.tflite")
    assert scorer.digest == Scorer(small_model).digest
    with pytest.raises(ModelError, match=r"cannot read the model s3://stub/none\.tflite: gone"):
        Scorer("s3://stub/none.tflite")
