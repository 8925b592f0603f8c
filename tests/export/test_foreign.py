"""Keras models that litescore did not train: told faithfully, or refused with the way out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from export.foreign import Description
from litescore.errors import LitescoreError
from tests.export import keras_models, pictures

Tensorflow = Callable[..., Any]


def described(data: Path, **words: Any) -> Description:
    """Of a model of the pictures at `data`."""
    told = {"labels": data.parent / "labels.txt", "data": str(data), "preprocess": "none"}
    return Description(**(told | words))


def opened(kind: str, path: Path, description: Description) -> dict[str, Any]:
    """What open_model makes of a model of that kind, without what cannot leave the process."""
    from export.foreign import open_model

    source = open_model(keras_models.save(kind, path), description)
    return vars(source) | {"model": None, "logits": source.logits is not None}


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe"])
def test_preprocessing_of_keras_applications(
    tensorflow: Tensorflow, textures: Path, tmp_path: Path, mode: str
) -> None:
    """In the graph it gives what their preprocess_input gives, colour order included."""
    ours, theirs = tensorflow(preprocessed, tmp_path, described(textures, preprocess=mode))
    assert np.abs(ours - theirs).max() < 1e-5
    assert np.abs(theirs - theirs[0]).max() > 0.01


def preprocessed(to: Path, description: Description) -> Any:
    """The answers of the exported graph, and of the model behind Keras' own preprocess_input."""
    from export import graph
    from export.convert import tensorflow
    from export.foreign import open_model

    keras = tensorflow().keras
    path = keras_models.save("nested", to / "m.keras")
    source = open_model(path, description)
    tensors = source.test.tensors(source.contract)
    known = keras.applications.imagenet_utils.preprocess_input(
        tensors.astype(np.float32), mode=description.preprocess
    )
    theirs = keras.models.load_model(path, compile=False)(known)
    return graph.predict(source.model, source.contract, tensors), np.asarray(theirs)


@pytest.mark.parametrize(
    ("words", "shift"),
    [
        ({"preprocess": "unit"}, lambda x: x / 255),
        ({"preprocess": "none"}, lambda x: x),
        ({"preprocess": None, "mean": (127.5,), "std": (60.0,)}, lambda x: (x - 127.5) / 60),
        (
            {"preprocess": None, "mean": (1.0, 2.0, 3.0), "std": (4.0,)},
            lambda x: (x - np.array([1, 2, 3])) / 4,
        ),
    ],
)
def test_scaling(words: dict[str, Any], shift: Callable[[Any], Any]) -> None:
    """Plain scaling and mean and std, in grey levels; undone it is the pixels again."""
    from export.preprocess import Preprocess, chosen

    pixels = np.random.default_rng(0).uniform(0, 255, (5, 4, 3)).astype(np.float32)
    name, mean, std = (words.get(key) for key in ("preprocess", "mean", "std"))
    found = chosen(name, mean, std, channels=3)
    assert found is not None
    assert np.allclose(found.apply(pixels), shift(pixels), atol=1e-4)
    assert np.allclose(found.undo(found.apply(pixels)), pixels, atol=1e-3)
    assert Preprocess.from_facts(found.to_facts()) == found


def test_what_was_told_is_what_comes_out(
    tensorflow: Tensorflow, photographs: Path, tmp_path: Path
) -> None:
    """Contract, splits, notes and facts of a model that was described in full."""
    words = {"antialias": False, "resize": "fit-shortest", "preprocess": "tf"}
    found = tensorflow(opened, "logits", tmp_path / "m.keras", described(photographs, **words))
    contract = found["contract"]
    assert contract.labels == pictures.LABELS
    assert (contract.color, contract.height, contract.width) == ("rgb", 32, 32)
    assert (contract.resize, contract.interpolation) == ("fit-shortest", "bilinear")
    assert contract.output == "softmax"
    assert found["logits"]
    assert found["facts"]["preprocess"]["name"] == "tf"
    parts = [set(found[name].images) for name in ("train", "validation", "test")]
    assert len(set.union(*parts)) == sum(map(len, parts)) == 3 * pictures.COUNT
    assert any("stand in" in note for note in found["notes"])
    assert any("softmax was put behind" in note for note in found["notes"])


def test_own_validation_images(tensorflow: Tensorflow, textures: Path, tmp_path: Path) -> None:
    """A data set with a `val` part needs no stand-in."""
    root = tmp_path / "split"
    for part in ("train", "val", "test"):
        shutil.copytree(textures, root / part)
    shutil.copy(textures.parent / "labels.txt", tmp_path)
    found = tensorflow(opened, "softmax", tmp_path / "m.keras", described(root))
    assert {one.path.split("/")[0] for one in found["validation"].images} == {"val"}
    assert found["notes"] == ()


def test_labels_in_the_training_order(
    tensorflow: Tensorflow, textures: Path, tmp_path: Path
) -> None:
    """labels.txt says the order of the outputs; the data's folders are matched by name."""
    labels = tmp_path / "labels.txt"
    labels.write_text("water\nbrick\ngrass\n")
    words = described(textures, labels=labels)
    found = tensorflow(opened, "softmax", tmp_path / "m.keras", words)
    assert found["contract"].labels == ("water", "brick", "grass")


def test_open_size_and_gray(tensorflow: Tensorflow, tmp_path: Path) -> None:
    """An open size is what --size says; a gray model may lack a dimension for its channel."""
    gray = pictures.write(tmp_path / "gray", size=(32, 32), mode="L")
    found = tensorflow(opened, "gray", tmp_path / "gray.keras", described(gray))
    assert (found["contract"].color, found["contract"].height) == ("gray", 32)
    color = pictures.write(tmp_path / "color", size=(24, 40))
    words = described(color, size=(24, 40))
    found = tensorflow(opened, "open size", tmp_path / "open.keras", words)
    assert (found["contract"].height, found["contract"].width) == (24, 40)


def test_threshold(tensorflow: Tensorflow, textures: Path, tmp_path: Path) -> None:
    """Of a multilabel model it is what is said, or the contract's own."""
    for told, held in ((0.3, 0.3), (None, 0.5)):
        words = described(textures, threshold=told)
        found = tensorflow(opened, "sigmoids", tmp_path / "m.keras", words)
        assert found["contract"].threshold == held


REFUSED = [
    # the model, what is told of it, what is said
    ("softmax", {"preprocess": None}, "say with --preprocess what training did .* no layer"),
    ("gray", {"preprocess": None}, "Rescaling layer 'first' in it scales pixels already"),
    ("softmax", {"preprocess": "imagenet"}, "one of none, unit, tf, torch, caffe"),
    ("softmax", {"mean": (1.0,)}, "say the same thing"),
    ("softmax", {"preprocess": None, "mean": (0.4, 0.5), "std": (9.0,)}, "--mean has 2 values"),
    ("softmax", {"preprocess": None, "std": (0.2,)}, r"multiply both by 255 \(--std 51\)"),
    ("gray", {"preprocess": "caffe"}, "--preprocess caffe is for colour pictures"),
    ("softmax", {"size": (48, 64)}, "of 32 x 32, not of --size 64 x 48 .width x height.: leave"),
    ("softmax", {"size": (64, 48)}, "of 32 x 32, not of --size 48 x 64 .width x height.: leave"),
    ("open width", {"size": (48, 64)}, "takes pictures of any x 32, not of --size 64 x 48"),
    ("open width", {}, "takes pictures of any x 32: say with --size which size"),
    ("open size", {}, "takes pictures of any x any: say with --size which size"),
    ("softmax", {"threshold": 0.3}, "--threshold 0.3 is for --output multilabel only, .* softmax"),
    ("softmax", {"preprocess": None, "mean": (float("nan"),)}, "--mean nan is no finite number"),
    (
        "softmax",
        {"preprocess": None, "std": (9.0, float("inf"), 9.0)},
        "--std 9,inf,9 is no finite",
    ),
    ("softmax", {"preprocess": None, "std": (0.0,)}, "--std 0 is not above 0"),
    ("not finite", {}, "m.keras: the model answers nan to a picture of the data"),
    ("unbuilt", {}, r"m.keras has no input shape: .*model.build\(\(None, HEIGHT, WIDTH, 3\)\)"),
    ("two inputs", {}, "2 inputs, not one picture"),
    ("two outputs", {}, "m.keras: the model has 2 outputs"),
    ("channels first", {}, r"takes \(3, 32, 32\), not a picture of \(height, width, channels\)"),
    ("custom", {}, r"custom layers Doubled, Halved; write it with `model.export\(FOLDER\)`"),
    ("lambda", {}, "Lambda layer in it holds Python code"),
    ("gray", {}, "holds colour pictures only, the model takes gray ones: .* --convert-color"),
]


@pytest.mark.parametrize(("kind", "words", "said"), REFUSED)
def test_refused(
    tensorflow: Tensorflow,
    textures: Path,
    tmp_path: Path,
    kind: str,
    words: dict[str, Any],
    said: str,
) -> None:
    """One line that names the thing and the way out."""
    with pytest.raises(LitescoreError, match=said) as refused:
        tensorflow(opened, kind, tmp_path / "m.keras", described(textures, **words))
    assert "\n" not in str(refused.value)


def test_other_colours(tensorflow: Tensorflow, textures: Path, tmp_path: Path) -> None:
    """Gray pictures for a colour model are refused, and taken when that is wanted."""
    gray = pictures.write(tmp_path / "gray", size=(32, 32), mode="L")
    with pytest.raises(LitescoreError, match="holds gray pictures only, the model takes colour"):
        tensorflow(opened, "softmax", tmp_path / "m.keras", described(gray))
    for kind, data in (("softmax", gray), ("gray", textures)):
        words = described(data, convert_color=True)
        assert tensorflow(opened, kind, tmp_path / f"{kind}.keras", words)["train"]


def test_antialiasing_is_asked_for(
    tensorflow: Tensorflow, textures: Path, photographs: Path, tmp_path: Path
) -> None:
    """Only where some picture must be resized."""
    found = tensorflow(opened, "softmax", tmp_path / "m.keras", described(textures))
    assert found["contract"].interpolation == "bilinear-antialias"
    with pytest.raises(LitescoreError, match=r"--antialias .* --no-antialias"):
        tensorflow(opened, "softmax", tmp_path / "m.keras", described(photographs))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("brick", "grass", "sea"), "classes that the model does not know: water"),
        (("brick", "grass", "water", "wood"), "no train image of class 'wood'"),
        (("brick", "grass"), "does not know: water"),
    ],
)
def test_labels_that_are_not_the_datas(
    tensorflow: Tensorflow, textures: Path, tmp_path: Path, labels: tuple[str, ...], said: str
) -> None:
    """A class too many on either side is named."""
    file = tmp_path / "labels.txt"
    file.write_text("".join(f"{label}\n" for label in labels))
    with pytest.raises(LitescoreError, match=said):
        tensorflow(opened, "softmax", tmp_path / "m.keras", described(textures, labels=file))


def test_the_stock_loader_is_matched_without_antialiasing(
    tensorflow: Tensorflow, photographs: Path, tmp_path: Path
) -> None:
    """A model trained through image_dataset_from_directory answers as it did there; with
    antialiasing, which its loader does not have, it does not.
    """
    plain, smooth = (
        tensorflow(against_the_loader, tmp_path, described(photographs, antialias=antialias))
        for antialias in (False, True)
    )
    assert plain < 0.02
    assert smooth > 5 * plain


def against_the_loader(to: Path, description: Description) -> float:
    """The farthest probability between a model's answers through Keras' loader and through ours."""
    from export import graph
    from export.convert import tensorflow
    from export.foreign import open_model

    keras = tensorflow().keras
    # Keras lists a folder's files in this order, and so do we.
    loaded = keras.utils.image_dataset_from_directory(
        description.data, image_size=(32, 32), shuffle=False, verbose=False
    )
    path = to / "m.keras"
    if not path.exists():
        keras.utils.set_random_seed(3)
        model = _sharp_eyed(keras)
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(loaded, epochs=3, verbose=0)
        model.save(path)
    theirs = keras.models.load_model(path, compile=False).predict(loaded, verbose=0)
    theirs = np.asarray(keras.ops.softmax(theirs))
    source = open_model(path, description)
    whole = {file: row for row, file in enumerate(sorted(Path(description.data).rglob("*.png")))}
    tensors = source.test.tensors(source.contract)
    ours = graph.predict(source.model, source.contract, tensors)
    return float(
        np.abs(ours - theirs[[whole[Path(str(file))] for file in source.test.images]]).max()
    )


def _sharp_eyed(keras: Any) -> Any:
    """A model that sees single pixels, as antialiasing changes them."""
    layers = keras.layers
    parts = [layers.Rescaling(1 / 255), layers.Conv2D(8, 3, activation="relu"), layers.Flatten()]
    return keras.Sequential([keras.Input((32, 32, 3)), *parts, layers.Dense(3)])


def test_pictures_that_cannot_be_read(
    tensorflow: Tensorflow, textures: Path, tmp_path: Path
) -> None:
    """A file that is no picture is named."""
    root = tmp_path / "textures"
    shutil.copytree(textures, root)
    (root / "brick" / "broken.png").write_bytes(b"hello")
    words = described(root, labels=textures.parent / "labels.txt")
    with pytest.raises(LitescoreError, match=r"cannot use .*broken\.png"):
        tensorflow(opened, "softmax", tmp_path / "m.keras", words)


def test_looks_follow_orientation(tmp_path: Path) -> None:
    """A picture lying on its side is as high as it is once upright."""
    from litescore.dataset import load
    from litescore.looks import looks

    for label, mode in (("a", "L"), ("b", "RGB")):
        (tmp_path / label).mkdir()
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new(mode, (20, 10)).save(tmp_path / label / "1.jpg", exif=exif)
    found = list(looks(load(tmp_path, "all")))
    assert found == [(20, 10, True), (20, 10, False)]
