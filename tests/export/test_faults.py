"""Bad input to `litescore export`, through its command: a clear line, and nothing half written."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from litescore import interpreter
from litescore.dataset import load
from litescore.errors import ModelError
from litescore.scorer import Scorer
from litescore.tflite import operations
from tests.export import keras_models, pictures
from tests.rig.needs import lack

Tensorflow = Callable[..., Any]
Refused = Callable[..., "Said"]
Maker = Callable[[Path], Path]
OLD = b"the file of an earlier export"


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    stdout: str
    stderr: str

    def complaint(self, code: int = 3) -> str:
        """The last line of standard error, of a command that failed with `code` and one `Error:`."""
        assert self.code == code, self.stderr
        assert "Traceback" not in self.stderr
        lines = self.stderr.splitlines()
        assert [line for line in lines if line.startswith("Error: ")] == lines[-1:]
        return lines[-1]


def export(*words: str | Path, plant: str = "") -> Said:
    """`python -m litescore export WORDS...`; `plant` is code to be run in the process before."""
    start = ["-m", "litescore"]
    if plant:
        start = ["-c", f"{plant}\nfrom litescore.cli import main; main()"]
    command = [sys.executable, *start, "export", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    return Said(done.returncode, done.stdout, done.stderr)


def export_here(*words: str) -> Said:
    """The same command in a process that has TensorFlow already: for `tensorflow(export_here)`."""
    from litescore.cli import litescore, run

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        run(litescore, ["export", *words])
    return Said(int(str(ended.value)), out.getvalue(), err.getvalue())


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
def refused(tensorflow: Tensorflow, textures: Path, out: Path) -> Refused:
    """`refused(model, data=...)`: what the command says to a foreign model and its data."""

    def ask(model: Path, data: Path = textures) -> Said:
        told = ("--labels", textures.parent / "labels.txt", "--data", data, "--preprocess", "none")
        return cast("Said", tensorflow(export_here, *map(str, (model, *told, "--out", out))))

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
    assert re.search(said, refused(model).complaint())
    assert untouched(out)


def test_an_operation_that_tflite_lacks(
    tensorflow: Tensorflow, refused: Refused, tmp_path: Path, out: Path
) -> None:
    """By its name, for it would need TensorFlow beside the runtime."""
    said = refused(tensorflow(_erfinv, tmp_path / "m.keras")).complaint()
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
    assert re.search(said, refused(sound, data=make(tmp_path / "data")).complaint())
    assert untouched(out)


@pytest.fixture(scope="module")
def sound(tensorflow: Tensorflow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Keras file with nothing wrong with it, for colour pictures of 32 x 32."""
    path: Path = tensorflow(keras_models.save, "softmax", tmp_path_factory.mktemp("s") / "m.keras")
    return path


def test_the_sound_model_is_exported(sound: Path, textures: Path, out: Path) -> None:
    """What the refusals above are held against: the same words with data that fits."""
    told = ("--labels", textures.parent / "labels.txt", "--data", textures, "--preprocess", "none")
    # Its weights are random: there is no accuracy to lose.
    done = export(sound, *told, "--max-drop", "100", "--max-class-drop", "100", "--out", out)
    assert done.code == 0, done.stderr
    assert not untouched(out)


def test_a_run_and_colour_pictures(
    tensorflow: Tensorflow, run: Path, fashion: Path, tmp_path: Path, out: Path
) -> None:
    """A gray model of a training run, and data of the same classes in colour."""
    _write_colour(tmp_path / "colour", load(fashion, "test").labels)
    words = (run, "--data", tmp_path / "colour", "--out", out)
    said = tensorflow(export_here, *map(str, words)).complaint()
    assert "holds colour pictures only, the model takes gray ones" in said
    assert untouched(out)


def test_a_disk_that_fills_up(run: Path, out: Path) -> None:
    """The old file stays whole, and the half of the new one is gone.

    A limit on file sizes is a full disk, set when the file is about to be written: earlier it
    would stop the converter's own temporary files.
    """
    plant = (
        "import resource; from export import job; whole = job.write_whole\n"
        "def write(path, data):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "    return whole(path, data)\n"
        "job.write_whole = write"
    )
    said = export(run, "--quantize", "f32", "--out", out, plant=plant).complaint()
    assert f"cannot write {out}" in said
    assert untouched(out)


def test_a_damaged_class_is_caught_by_its_recall(
    tensorflow: Tensorflow, run: Path, tmp_path: Path, out: Path
) -> None:
    """One weight of one class, which float never feels, takes that class its int8 steps.

    Over all classes the loss is a tenth of it: --max-drop lets it pass, --max-class-drop does not.
    """
    damaged = tensorflow(_damage_one_class, run, tmp_path / "damaged", 4)
    label = json.loads((damaged / "contract.json").read_text())["labels"][4]
    words = (damaged, "--quantize", "int8", "--max-drop", "12", "--out", out, "--json")
    done = export(*words, "--max-class-drop", "15")
    said = done.complaint(code=1)
    assert re.search(rf"points of the recall of '{label}' .*--max-class-drop is 15", said)
    assert "--max-drop is" not in said
    assert out.read_bytes() == OLD
    # The figures of the refused file say which layer it was.
    assert "layer by layer" in out.with_suffix(".refused.html").read_text()
    costs = json.loads(done.stdout)["layers"]
    assert max(cost["recovered"] or 0 for cost in costs if cost["name"] == "classes") > 2

    done = export(*words, "--max-class-drop", "100")
    assert done.code == 0, done.stderr
    assert out.read_bytes() != OLD


def test_fully_connected_12_is_refused_for_tflite_runtime(
    run: Path, tmp_path: Path, out: Path
) -> None:
    """By name, before anything is written; the real runtime says the same of the same file.

    It is what TensorFlow's own default makes of dense layers; litescore's recipe avoids it, so it
    is put in its place here.
    """
    plant = (
        "from export import convert\n"
        "def default(lite, tf, _frames):\n"
        "    lite.optimizations = [tf.lite.Optimize.DEFAULT]\n"
        "    lite._experimental_disable_per_channel_quantization_for_dense_layers = False\n"
        "convert._RECIPES['dynamic'] = default\n"
        "import pathlib; made = convert.convert\n"
        "def kept(*words, **more):\n"
        f"    file = made(*words, **more); pathlib.Path({str(tmp_path / 'planted')!r}).write_bytes(file)\n"
        "    return file\n"
        "convert.convert = kept"
    )
    words = (run, "--quantize", "dynamic", "--keep", tmp_path / "kept", "--out", out)
    said = export(*words, "--target", "tflite-runtime", plant=plant).complaint()
    assert re.search(r"FULLY_CONNECTED version 12 needs TensorFlow Lite 2\.17", said)
    assert "tflite-runtime 2.14.0 is older" in said
    assert untouched(out)

    assert not (tmp_path / "kept").exists()
    planted = (tmp_path / "planted").read_bytes()
    assert ("FULLY_CONNECTED", 12) in {(one.name, one.version) for one in operations.read(planted)}
    if "tflite-runtime" not in {runtime.name for runtime in interpreter.available()}:
        lack("needs tflite-runtime")
    with pytest.raises(ModelError, match="FULLY_CONNECTED"):
        Scorer(planted, labels=[str(number) for number in range(10)], runtime="tflite-runtime")


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


def _damage_one_class(run: Path, folder: Path, number: int) -> Path:
    """A copy of the run, its class `number` damaged: a huge weight from a unit that never fires."""
    from export.convert import tensorflow as loaded

    shutil.copytree(run, folder)
    keras = loaded().keras
    model = keras.models.load_model(folder / "model.keras", compile=False)
    hidden, classes = (layer for layer in model.layers if layer.get_weights())
    kernel, bias = hidden.get_weights()
    kernel[:, 0], bias[0] = 0, -1
    hidden.set_weights([kernel, bias])
    kernel, bias = classes.get_weights()
    kernel[0, number] = 60
    classes.set_weights([kernel, bias])
    model.save(folder / "model.keras")
    return folder
