"""The graph around a Keras model: how it ends, raw pixels in front, batch and temperature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore.contract import Contract
from litescore.errors import LitescoreError, ModelError, UsageError
from litescore.scorer import Scorer
from tests.export import keras_models

Tensorflow = Callable[..., Any]
THREE = ("brick", "grass", "water")


def contract(labels: tuple[str, ...] = THREE, output: str = "softmax") -> Contract:
    """Of the models in keras_models."""
    return Contract(labels, "rgb", 32, 32, output=output)


def noise() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Eight pictures."""
    return np.random.default_rng(1).integers(0, 256, (8, 32, 32, 3), np.uint8)


def ended(kind: str, suffix: str, labels: tuple[str, ...], output: str | None, to: Path) -> Any:
    """What heads make of a model: the meaning, whether logits were found, the notes; and how far
    the probabilities are from those of its own logits, and from its own answers made probable.
    """
    from export import graph
    from export.heads import heads
    from export.loading import load

    path = keras_models.save(kind, to / f"model{suffix}")
    model = load(path)
    found = heads(model, contract(labels), noise(), output=output)
    ours = graph.answers(found.probabilities, noise())
    own = _probable(graph.answers(model, noise()), kind, found.output)
    again = ours
    if found.logits is not None:
        again = _probable(graph.answers(found.logits, noise()), "logits", found.output)
    far = float(np.abs(ours - own).max()), float(np.abs(ours - again).max())
    return found.output, found.logits is not None, found.notes, far


def _probable(values: Any, kind: str, output: str) -> Any:
    """Softmax or sigmoid of logits, in numpy; probabilities as they are."""
    if "logit" not in kind:
        return values
    if output != "softmax":
        return 1 / (1 + np.exp(-values))
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


ENDINGS = [
    # the model, its number of labels, what its answers mean, whether its logits can be reached
    ("softmax", 3, "softmax", True),
    ("logits", 3, "softmax", True),
    ("softmax layer", 3, "softmax", True),
    ("softmax in float32", 3, "softmax", True),
    ("softmax function", 3, "softmax", True),
    ("nested", 3, "softmax", True),
    ("softmax then dropout", 3, "softmax", False),
    ("logits then dropout", 3, "softmax", True),
    ("one sigmoid", 2, "sigmoid", True),
    ("one logit", 2, "sigmoid", True),
    ("sigmoids", 3, "multilabel", True),
]


@pytest.mark.parametrize(("kind", "labels", "output", "logits"), ENDINGS)
def test_endings(
    tensorflow: Tensorflow, tmp_path: Path, kind: str, labels: int, output: str, logits: bool
) -> None:
    """Each ending is recognised; probabilities are the model's own, and those of its logits."""
    found = tensorflow(ended, kind, ".keras", THREE[:labels], None, tmp_path)
    assert found[:2] == (output, logits)
    assert max(found[3]) < 1e-6
    assert any("logits" in note for note in found[2]) == ("logit" in kind)


@pytest.mark.parametrize("suffix", [".h5", ""])
@pytest.mark.parametrize(
    ("kind", "output"), [("softmax", "softmax"), ("logits", "softmax"), ("one sigmoid", "sigmoid")]
)
def test_other_files(
    tensorflow: Tensorflow, tmp_path: Path, suffix: str, kind: str, output: str
) -> None:
    """.h5 files, and SavedModel folders, whose structure is closed: judged by their answers."""
    labels = THREE[: 2 if output == "sigmoid" else 3]
    found = tensorflow(ended, kind, suffix, labels, None, tmp_path)
    assert found[0] == output
    assert found[1] == (suffix == ".h5" or kind == "logits")
    assert max(found[3]) < 1e-6
    assert any("cannot be seen" in note for note in found[2]) == (suffix == "")


def test_answers_that_tell_too_little(tensorflow: Tensorflow, tmp_path: Path) -> None:
    """Closed sigmoids could be many things: they are what `--output` says."""
    words = ("sigmoids then dropout", ".keras", THREE)
    with pytest.raises(UsageError, match="--output multilabel"):
        tensorflow(ended, *words, None, tmp_path)
    assert tensorflow(ended, *words, "multilabel", tmp_path)[0] == "multilabel"


def test_logits_can_be_many_labels(tensorflow: Tensorflow, tmp_path: Path) -> None:
    """`--output multilabel` puts sigmoids behind logits."""
    found = tensorflow(ended, "logits", ".keras", THREE, "multilabel", tmp_path)
    assert found[0] == "multilabel"
    assert max(found[3]) < 1e-6


@pytest.mark.parametrize(
    ("kind", "labels", "output", "said"),
    [
        ("softmax", 2, None, "gives 3 numbers, 2 labels"),
        ("one sigmoid", 3, None, "gives 1 numbers, 3 labels"),
        ("one softmax", 2, None, "always says 1"),
        ("relu", 3, None, "ends in relu"),
        ("softmax", 3, "multilabel", "--output multilabel contradicts the model"),
        ("sigmoids", 3, "softmax", "say multilabel"),
        ("segmentation", 3, None, r"gives \(32, 32, 3\), not one vector"),
        ("two outputs", 3, None, "2 outputs, not one vector"),
        ("softmax", 3, "logits", "unknown --output 'logits': one of softmax, sigmoid, multilabel"),
    ],
)
def test_endings_that_are_none(
    tensorflow: Tensorflow, tmp_path: Path, kind: str, labels: int, output: str | None, said: str
) -> None:
    """An output that is not one vector of these classes is refused in one line."""
    with pytest.raises(LitescoreError, match=said) as refused:
        tensorflow(ended, kind, ".keras", THREE[:labels], output, tmp_path)
    assert "\n" not in str(refused.value)


def reshaped(to: Path) -> Any:
    """A model with a fixed batch, a temperature, and what predict makes of one sigmoid."""
    from export import graph
    from export.heads import heads
    from export.loading import load

    found = heads(
        load(keras_models.save("one logit", to / "m.keras")), contract(THREE[:2]), noise()
    )
    two = contract(THREE[:2], "sigmoid")
    fixed = graph.with_batch(found.probabilities, 4)
    soft = graph.with_temperature(found.logits, 2.0, "sigmoid")
    return {
        "open": found.probabilities.input_shape,
        "fixed": (fixed.input_shape, fixed.output_shape, fixed.inputs[0].name),
        "plain": graph.predict(found.probabilities, two, noise()),
        "in threes": graph.predict(found.probabilities, two, noise(), batch=3),
        "soft": graph.predict(soft, two, noise()),
        "logits": graph.answers(found.logits, noise()),
    }


def test_batch_temperature_and_two_columns(tensorflow: Tensorflow, tmp_path: Path) -> None:
    """One sigmoid gives two columns that sum to one; a temperature divides its logits."""
    found = tensorflow(reshaped, tmp_path)
    assert found["open"] == (None, 32, 32, 3)
    assert found["fixed"] == ((4, 32, 32, 3), (4, 1), "pixels")
    assert found["plain"].shape == (8, 2)
    assert found["plain"].dtype == np.float32
    assert np.allclose(found["plain"].sum(axis=1), 1)
    assert np.allclose(found["plain"], found["in threes"], atol=1e-6)
    second = 1 / (1 + np.exp(-found["logits"] / 2))
    assert np.allclose(found["soft"][:, 1:], second, atol=1e-6)


def size_checked(to: Path, height: int) -> None:
    """The pixels model of a model for 32 x 32, under a contract of another height."""
    from export import graph
    from export.loading import load

    model = load(keras_models.save("softmax", to / "m.keras"))
    graph.pixels_model(model, Contract(THREE, "rgb", height, 32))


def test_another_size_than_the_contract(tensorflow: Tensorflow, tmp_path: Path) -> None:
    """The model's size and the contract's are told."""
    tensorflow(size_checked, tmp_path, 32)
    with pytest.raises(ModelError, match=r"takes \(32, 32, 3\), its contract says \(31, 32, 3\)"):
        tensorflow(size_checked, tmp_path, 31)


def of_one_batch(to: Path, kind: str, suffix: str, signed: bool) -> Any:
    """What a model that was saved for four images at once becomes, and what it answers to seven."""
    from export import graph
    from export.heads import heads
    from export.loading import load

    model = load(keras_models.save(kind, to / f"model{suffix}"))
    if signed:
        graph.save(model, to / "signed")
        model = load(to / "signed")
    found = heads(model, contract(), noise())
    fours = [np.asarray(model(noise()[at : at + 4].astype(np.float32))) for at in (0, 4)]
    ours = graph.predict(found.probabilities, contract(), noise()[:7])
    with_four = graph.with_batch(found.probabilities, 4).input_shape
    return found.probabilities.input_shape[0], with_four, ours, np.concatenate(fours)


def batch_of(to: Path, batch: int | None) -> None:
    """Another batch for a model that can only take four."""
    from export import graph
    from export.heads import heads
    from export.loading import load

    model = load(keras_models.save("batch in the graph", to / "model.keras"))
    graph.with_batch(heads(model, contract(), noise()).probabilities, batch)


@pytest.mark.parametrize(
    ("kind", "suffix", "signed", "batch"),
    [
        ("fixed batch", ".keras", False, None),
        ("fixed batch", "", False, None),
        # A signature of TensorSpec([4, 32, 32, 3]), which Keras' own export never writes.
        ("fixed batch", ".keras", True, 4),
        ("batch in the graph", ".keras", False, 4),
        ("batch in the graph", "", False, 4),
    ],
)
def test_a_batch_of_its_own(
    tensorflow: Tensorflow,
    tmp_path: Path,
    kind: str,
    suffix: str,
    signed: bool,
    batch: int | None,
) -> None:
    """It is opened where nothing in the graph hangs on it; else the model is asked in fours."""
    found, fixed, ours, theirs = tensorflow(of_one_batch, tmp_path, kind, suffix, signed)
    assert found == batch
    assert fixed == (4, 32, 32, 3)
    assert ours.shape == (7, 3)
    assert np.abs(ours - theirs[:7]).max() < 1e-6
    assert np.abs(ours - ours[0]).max() > 1e-4


@pytest.mark.parametrize("batch", [None, 1, 8])
def test_another_batch_than_its_own(
    tensorflow: Tensorflow, tmp_path: Path, batch: int | None
) -> None:
    """Refused, with the batch that it takes."""
    with pytest.raises(ModelError, match=r"takes 4 images at once.* --batch 4") as refused:
        tensorflow(batch_of, tmp_path, batch)
    assert "\n" not in str(refused.value)


def converted_both_ways(to: Path, suffix: str) -> Any:
    """The model as .tflite by Keras' own export and from what `save` wrote, with its signatures."""
    from export import graph
    from export.convert import tensorflow
    from export.loading import load

    lite = tensorflow().lite.TFLiteConverter
    model = load(keras_models.save("nested", to / f"model{suffix}"))
    fixed = graph.with_batch(graph.pixels_model(model, contract()), 2)
    graph.save(fixed, to / "saved")
    return lite.from_keras_model(fixed).convert(), lite.from_saved_model(
        str(to / "saved")
    ).convert()


@pytest.mark.parametrize("suffix", [".keras", ""])
def test_what_the_converter_reads(tensorflow: Tensorflow, tmp_path: Path, suffix: str) -> None:
    """The short way to the converter gives the same model, for closed models too."""
    scorers = [
        Scorer(one, labels=THREE) for one in tensorflow(converted_both_ways, tmp_path, suffix)
    ]
    keras, ours = (one.probabilities(noise()) for one in scorers)
    assert scorers[0].batch == scorers[1].batch == 2
    assert np.abs(keras - ours).max() < 1e-6
    assert np.abs(ours - ours[0]).max() > 1e-4


def quantized(to: Path, mode: str) -> Any:
    """Keras' logits behind a preprocessing, and the file of them with int8 inside."""
    from export import convert, graph
    from export.heads import heads
    from export.loading import load
    from export.preprocess import PREPROCESSES

    model = load(keras_models.save("nested", to / "m.keras"))
    found = heads(model, contract(), noise(), preprocess=PREPROCESSES[mode])
    ends = np.stack([np.full((32, 32, 3), value, np.uint8) for value in (0, 255)])
    calibration = np.concatenate([noise(), ends])
    saved = graph.Saved(found.logits, to).at(1)
    file = convert.convert(saved, "int8-float-io", calibration, 1)
    return graph.answers(found.logits, noise()), file


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe"])
def test_preprocessing_survives_int8(tensorflow: Tensorflow, tmp_path: Path, mode: str) -> None:
    """Colour order and scaling are as right in whole numbers as in floats."""
    keras, file = tensorflow(quantized, tmp_path, mode)
    logits = Scorer(file, labels=THREE).outputs(noise())
    assert np.abs(logits - keras).max() < 0.05 * np.ptp(keras)
