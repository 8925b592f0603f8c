"""Export through its command and its parts: variants, the gate, what the file carries."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.calibrate import representative
from litescore import contract as contracts
from litescore.answered import of_test
from litescore.contract import VARIANTS
from litescore.dataset import Dataset, load
from litescore.errors import DataError
from litescore.golden import verify
from litescore.inspect import inspect
from litescore.interpreter import available
from tests.export import keras_models
from tests.rig.warm import Warmed

Tensorflow = Callable[..., Any]


@pytest.fixture(scope="module")
def exported(
    run: Path, warmed: Warmed, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Every variant of the run: the file, and what the command said of it."""
    folder = tmp_path_factory.mktemp("variants")
    found = {}
    for variant in VARIANTS:
        path = folder / f"{variant}.tflite"
        words = ("--quantize", variant, "--out", str(path), "--max-drop", "3", "--json")
        done = warmed("export", run, *words)
        assert done.returncode == 0, done.stderr
        found[variant] = (path, json.loads(done.stdout))
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_is_proven_through_both_runtimes(exported: Any, variant: str) -> None:
    """Accuracy beside Keras through every runtime, agreement, contract and golden samples."""
    path, said = exported[variant]
    assert set(said["exported"]) == {runtime.name for runtime in available()}
    assert all(abs(said["float"] - one) < 0.03 for one in said["exported"].values())
    assert said["agreement"] > 0.95
    found = inspect(path)
    assert found.contract is not None
    assert found.contract.variant == variant
    assert found.contract.accuracy["n"] == said["n"]
    answers = of_test(found.contract.accuracy, found.contract.labels)
    assert answers is not None
    assert sum(answers.labels.values()) == answers.n == said["n"]
    assert found.inputs[0].dtype == ("uint8" if variant == "int8" else "float32")
    for runtime in available():
        assert verify(path, runtime=runtime.name).verdict == "identical"
    assert path.with_suffix(".report.html").stat().st_size > 1000


def test_int8_takes_raw_pixels_and_is_small(exported: Any) -> None:
    """Scale 1.0, zero point 0: the pixels are the tensor. At most 0.30 of the float file."""
    int8, f32 = (inspect(exported[variant][0]) for variant in ("int8", "f32"))
    assert (int8.inputs[0].scale, int8.inputs[0].zero_point) == (1.0, 0)
    assert int8.model_size <= 0.30 * f32.model_size


def test_exported_twice_the_bytes_are_the_same(
    run: Path, exported: Any, warmed: Warmed, tmp_path: Path
) -> None:
    """Nothing in the file depends on the clock, the folder or an earlier export."""
    again = tmp_path / "again.tflite"
    words = ("export", str(run), "--quantize", "int8", "--out", str(again), "--max-drop", "3")
    for export in (warmed, in_a_process_of_its_own):
        done = export(*words)
        assert done.returncode == 0, done.stderr
        assert again.read_bytes() == exported["int8"][0].read_bytes()


def in_a_process_of_its_own(*words: str) -> subprocess.CompletedProcess[str]:
    """A litescore command as a terminal runs it."""
    command = [sys.executable, "-m", "litescore", *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_fixed_batch_is_fixed(run: Path, warmed: Warmed, tmp_path: Path) -> None:
    """`--batch 4` makes a file that takes four images, and proves it all the same."""
    path = tmp_path / "four.tflite"
    words = ("--quantize", "int8", "--batch", "4", "--out", str(path), "--max-drop", "3")
    done = warmed("export", run, *words)
    assert done.returncode == 0, done.stderr
    assert inspect(path).inputs[0].shape[0] == 4
    assert verify(path).proven


def test_logits_get_their_softmax(
    run: Path, exported: Any, tensorflow: Tensorflow, warmed: Warmed, tmp_path: Path
) -> None:
    """A model that ends in logits gives probabilities once exported."""
    folder = tensorflow(keras_models.edited, run, tmp_path / "logits", _end_in_logits)
    path = tmp_path / "logits.tflite"
    done = warmed("export", folder, "--quantize", "f32", "--out", str(path), "--json")
    assert done.returncode == 0, done.stderr
    # The softmax that was taken off came back: the same accuracy as the run's own model.
    assert json.loads(done.stdout)["float"] == exported["f32"][1]["float"]
    assert {one.name: one.count for one in inspect(path).operations}["SOFTMAX"] == 1


def test_a_drop_above_the_gate_writes_nothing(
    run: Path, tensorflow: Tensorflow, warmed: Warmed, tmp_path: Path
) -> None:
    """A file that lost accuracy exits with 1, names the figures, and leaves the old file alone."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"the old file")
    folder = tensorflow(keras_models.edited, run, tmp_path / "outlier", _weigh_an_empty_pixel)
    done = warmed("export", folder, "--quantize", "int8", "--out", str(path))
    assert done.returncode == 1, done.stderr
    assert "points of accuracy to the Keras model" in done.stderr
    assert "nothing written" in done.stderr
    assert path.read_bytes() == b"the old file"
    assert list(tmp_path.glob("*.report.html")) == []
    # What int8 costs, layer by layer, for whoever wants to mend it.
    assert "layer by layer" in path.with_suffix(".refused.html").read_text()


def test_calibration_is_even_and_pinned(fashion: Path) -> None:
    """As many images of each class, always the same, then a black and a white frame."""
    data = load(fashion, "train")
    contract = contracts.Contract(labels=data.labels, color="gray", height=28, width=28)
    drawn = representative(data, contract, count=40)
    assert drawn.shape == (42, 28, 28, 1)
    assert (drawn[-2].max(), drawn[-1].min()) == (0, 255)
    assert np.array_equal(drawn, representative(data, contract, count=40))
    means = [data.tensors(contract)[data.classes == n].mean() for n in range(10)]
    for number in range(10):
        mine = drawn[4 * number : 4 * number + 4].mean()
        assert abs(mine - means[number]) < 60


def test_calibration_needs_every_class() -> None:
    """A class without images is named."""
    images = np.zeros((4, 2, 2), np.uint8)
    data = Dataset("toy", "train", ("cat", "dog"), np.zeros(4, np.int64), images)
    contract = contracts.Contract(labels=("cat", "dog"), color="gray", height=2, width=2)
    with pytest.raises(DataError, match="'dog'"):
        representative(data, contract)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ("--quantize", "int4"),
            2,
            "unknown variant 'int4': one of f32, f16, dynamic, int8, int8-float-io",
        ),
        (("--batch", "many"), 2, "neither a number"),
        (("--data", "nowhere"), 3, "no data at nowhere"),
        (("--max-drop", "-1"), 2, "max-drop"),
    ],
)
def test_wrong_words(
    run: Path, warmed: Warmed, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    """One line that names the value and the fix; nothing written."""
    done = warmed("export", run, "--out", str(tmp_path / "m.tflite"), *words)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_run_and_a_broken_run(run: Path, warmed: Warmed, tmp_path: Path) -> None:
    """A folder that training did not write, and a model file that is none."""
    done = warmed("export", tmp_path)
    assert done.returncode == 3
    assert "lacks model.keras" in done.stderr
    broken = tmp_path / "broken"
    shutil.copytree(run, broken)
    (broken / "model.keras").write_bytes(b"hello")
    done = warmed("export", broken, "--out", str(tmp_path / "m.tflite"))
    assert done.returncode == 3
    assert "cannot load" in done.stderr
    assert "Traceback" not in done.stderr


def test_data_of_other_classes_is_refused(run: Path, warmed: Warmed, tmp_path: Path) -> None:
    """Calibrating on other classes than the model's would prove nothing."""
    other = tmp_path / "other"
    _write_npz(other, labels="cat\ndog\n")
    done = warmed("export", run, "--data", str(other), "--out", str(tmp_path / "m.tflite"))
    assert done.returncode == 3
    assert "classes that the model does not know: cat, dog" in done.stderr


def _end_in_logits(model: Any) -> None:
    """Takes the softmax off."""
    from export.convert import tensorflow

    model.layers[-1].activation = tensorflow().keras.activations.linear


def _weigh_an_empty_pixel(model: Any) -> None:
    """A huge weight on a pixel that no picture uses: Keras never meets it, but the white frame of
    the calibration does, and the ranges it teaches leave int8 no steps for anything else.
    """
    layer = next(one for one in model.layers if one.get_weights())
    kernel, bias = layer.get_weights()
    kernel[0, :] = 1e4
    layer.set_weights([kernel, bias])


def _write_npz(folder: Path, labels: str) -> None:
    """A data set of random pixels with two classes in `folder`."""
    generator = np.random.default_rng(0)
    folder.mkdir()
    images = generator.integers(0, 256, (100, 28, 28), np.uint8)
    numbers = np.arange(100) % 2
    (folder / "labels.txt").write_text(labels)
    np.savez(folder / "data.npz", x_train=images, y_train=numbers, x_test=images, y_test=numbers)
