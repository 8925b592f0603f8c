"""Bad input to `litescore export`, through its command: a clear line, and nothing half written."""

from __future__ import annotations

import json
import re
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore import interpreter
from litescore.dataset import load
from litescore.errors import ModelError
from litescore.scorer import Scorer
from litescore.tflite import operations
from tests.export import keras_models, pictures
from tests.rig import warm
from tests.rig.needs import lack
from tests.rig.warm import Said, Warmed

Tensorflow = Callable[..., Any]
Refused = Callable[..., Said]
Maker = Callable[[Path], Path]
OLD = b"the file of an earlier export"


def complaint(said: Said, code: int = 3) -> str:
    """The last line of standard error, of a command that failed with `code` and one `Error:`."""
    assert said.returncode == code, said.stderr
    assert "Traceback" not in said.stderr
    lines = said.stderr.splitlines()
    assert [line for line in lines if line.startswith("Error: ")] == lines[-1:]
    return lines[-1]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the file goes; an earlier one lies there, alone in its folder."""
    path = tmp_path / "out" / "model.tflite"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def untouched(out: Path) -> bool:
    """Whether the old file is whole and nothing lies beside it."""
    return out.read_bytes() == OLD and list(out.parent.iterdir()) == [out]


@pytest.fixture
def refused(warmed: Warmed, textures: Path, out: Path) -> Refused:
    """`refused(model, data=...)`: what the command says to a foreign model and its data."""

    def ask(model: Path, data: Path = textures) -> Said:
        told = ("--labels", textures.parent / "labels.txt", "--data", data, "--preprocess", "none")
        return warmed("export", model, *told, "--out", out)

    return ask


MODELS = [
    # the Keras model, what is said
    ("custom", "custom layers Doubled, Halved; write it with"),
    ("segmentation", r"gives \(32, 32, 3\), not one vector of classes"),
    ("two outputs", "has 2 outputs, not one vector of classes"),
]


@pytest.mark.parametrize(("kind", "said"), MODELS)
def test_models_that_are_no_classifiers(
    tensorflow: Tensorflow, refused: Refused, tmp_path: Path, out: Path, kind: str, said: str
) -> None:
    """A layer without its code, an output that is not one vector of classes."""
    model = tensorflow(keras_models.save, kind, tmp_path / "m.keras")
    assert re.search(said, complaint(refused(model)))
    assert untouched(out)


def test_an_operation_that_tflite_lacks(
    tensorflow: Tensorflow, refused: Refused, tmp_path: Path, out: Path
) -> None:
    """By its name, for it would need TensorFlow beside the runtime."""
    said = complaint(refused(tensorflow(_erfinv, tmp_path / "m.keras")))
    assert re.search("TFLite has no Erfinv .*: replace that layer", said)
    assert untouched(out)


def _empty(root: Path) -> Path:
    root.mkdir()
    return root


def _without_a_class(root: Path) -> Path:
    pictures.write(root, size=(32, 32))
    shutil.rmtree(root / "grass")
    return root


def _of_other_classes(root: Path) -> Path:
    pictures.write(root, size=(32, 32))
    (root / "grass").rename(root / "gravel")
    return root


def _gray(root: Path) -> Path:
    return pictures.write(root, size=(32, 32), mode="L")


def _of_one_picture_a_class(root: Path) -> Path:
    return pictures.write(root, size=(32, 32), count=1)


DATA: list[tuple[Maker, str]] = [
    (_empty, "has no class folders: one folder a class, images inside"),
    (_without_a_class, "no train image of class 'grass'"),
    (_of_other_classes, "classes that the model does not know: gravel"),
    (_gray, "gray pictures only, the model takes colour .*--convert-color"),
    (_of_one_picture_a_class, "no train image of class 'brick', 'grass', 'water'"),
]


@pytest.mark.parametrize(("make", "said"), DATA)
def test_data_that_does_not_fit_the_model(
    sound: Path, refused: Refused, tmp_path: Path, out: Path, make: Maker, said: str
) -> None:
    """Nothing to calibrate with, a class too few, another class, another colour mode."""
    assert re.search(said, complaint(refused(sound, data=make(tmp_path / "data"))))
    assert untouched(out)


@pytest.fixture(scope="module")
def sound(tensorflow: Tensorflow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Keras file with nothing wrong with it, for colour pictures of 32 x 32."""
    path: Path = tensorflow(keras_models.save, "softmax", tmp_path_factory.mktemp("s") / "m.keras")
    return path


def test_the_sound_model_is_exported(
    sound: Path, warmed: Warmed, textures: Path, out: Path
) -> None:
    """What the refusals above are held against: the same words with data that fits."""
    told = ("--labels", textures.parent / "labels.txt", "--data", textures, "--preprocess", "none")
    # Its weights are random: there is no accuracy to lose.
    words = (*told, "--max-drop", "100", "--max-class-drop", "100")
    done = warmed("export", sound, *words, "--out", out)
    assert done.returncode == 0, done.stderr
    assert not untouched(out)


def test_a_run_and_colour_pictures(
    warmed: Warmed, run: Path, fashion: Path, tmp_path: Path, out: Path
) -> None:
    """A gray model of a training run, and data of the same classes in colour."""
    _write_colour(tmp_path / "colour", load(fashion, "test").labels)
    said = complaint(warmed("export", run, "--data", tmp_path / "colour", "--out", out))
    assert "holds colour pictures only, the model takes gray ones" in said
    assert untouched(out)


def test_a_disk_that_fills_up(run: Path, tensorflow: Tensorflow, out: Path) -> None:
    """The old file stays whole, and the half of the new one is gone."""
    said = complaint(tensorflow(_export_on_a_full_disk, str(run), str(out)))
    assert f"cannot write {out}" in said
    assert untouched(out)


def _export_on_a_full_disk(run: str, out: str) -> Said:
    """The command, with a limit on file sizes, which is a full disk, set when the file is about to
    be written: earlier it would stop the converter's own temporary files.
    """
    from export import job

    whole = job.write_whole
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def write(path: Path, data: bytes) -> Path:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            return whole(path, data)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "write_whole", write)
        return warm.litescore("export", run, "--quantize", "f32", "--out", out)


def test_a_damaged_class_is_caught_by_its_recall(
    tensorflow: Tensorflow, warmed: Warmed, run: Path, tmp_path: Path, out: Path
) -> None:
    """One weight of one class, which float never feels, takes that class its int8 steps.

    Over all classes the loss is a tenth of it: --max-drop lets it pass, --max-class-drop does not.
    """
    damaged = tensorflow(keras_models.edited, run, tmp_path / "damaged", _damage_a_class)
    label = json.loads((damaged / "contract.json").read_text())["labels"][4]
    words = (damaged, "--quantize", "int8", "--max-drop", "12", "--out", out, "--json")
    done = warmed("export", *words, "--max-class-drop", "15")
    said = complaint(done, code=1)
    assert re.search(rf"points of the recall of '{label}' .*--max-class-drop is 15", said)
    assert "--max-drop is" not in said
    assert out.read_bytes() == OLD
    # The figures of the refused file say which layer it was.
    assert "layer by layer" in out.with_suffix(".refused.html").read_text()
    costs = json.loads(done.stdout)["layers"]
    assert max(cost["recovered"] or 0 for cost in costs if cost["name"] == "classes") > 2

    done = warmed("export", *words, "--max-class-drop", "100")
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() != OLD


def test_fully_connected_12_is_refused_for_tflite_runtime(
    tensorflow: Tensorflow, run: Path, tmp_path: Path, out: Path
) -> None:
    """By name, before anything is written; the real runtime says the same of the same file."""
    words = ("--quantize", "dynamic", "--keep", str(tmp_path / "kept"), "--out", str(out))
    answer, planted = tensorflow(
        _export_by_default, "export", str(run), *words, "--target", "tflite-runtime"
    )
    said = complaint(answer)
    assert re.search(r"FULLY_CONNECTED version 12 needs TensorFlow Lite 2\.17", said)
    assert "tflite-runtime 2.14.0 is older" in said
    assert untouched(out)

    assert not (tmp_path / "kept").exists()
    assert ("FULLY_CONNECTED", 12) in {(one.name, one.version) for one in operations.read(planted)}
    if "tflite-runtime" not in {runtime.name for runtime in interpreter.available()}:
        lack("needs tflite-runtime")
    with pytest.raises(ModelError, match="FULLY_CONNECTED"):
        Scorer(planted, labels=[str(number) for number in range(10)], runtime="tflite-runtime")


def _export_by_default(*words: str) -> tuple[Said, bytes]:
    """The command with what TensorFlow's own default makes of dense layers, which litescore's recipe
    avoids; and the file that it made.
    """
    from export import convert

    made, files = convert.convert, [b""]

    def default(lite: Any, tf: Any, _frames: Any) -> None:
        lite.optimizations = [tf.lite.Optimize.DEFAULT]
        lite._experimental_disable_per_channel_quantization_for_dense_layers = False

    def kept(*given: Any, **named: Any) -> bytes:
        files.append(made(*given, **named))
        return files[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(convert._RECIPES, "dynamic", default)
        patch.setattr(convert, "convert", kept)
        return warm.litescore(*words), files[-1]


def _write_colour(folder: Path, labels: tuple[str, ...]) -> None:
    """A data set of random colour pictures, 28 x 28, of these classes."""
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 3), np.uint8)
    numbers = np.arange(40) % len(labels)
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    np.savez(folder / "data.npz", x_train=images, y_train=numbers, x_test=images, y_test=numbers)


def _erfinv(path: Path) -> Path:
    """A Keras file with an operation that TFLite does not have."""
    from export.convert import tensorflow as loaded

    keras = loaded().keras
    pixels = keras.Input(keras_models.SHAPE)
    x = keras.ops.erfinv(keras.layers.GlobalAveragePooling2D()(pixels) / 300)
    keras.Model(pixels, keras.layers.Dense(3, "softmax")(x)).save(path)
    return path


def _damage_a_class(model: Any) -> None:
    """Class 4 is damaged by a huge weight from a unit that never fires."""
    hidden, classes = (layer for layer in model.layers if layer.get_weights())
    kernel, bias = hidden.get_weights()
    kernel[:, 0], bias[0] = 0, -1
    hidden.set_weights([kernel, bias])
    kernel, bias = classes.get_weights()
    kernel[0, 4] = 60
    classes.set_weights([kernel, bias])
