"""The user's own predictions, held against the export's; and the likeliest cause where they differ."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.foreign import Description
from litescore.errors import DataError
from tests.export import pictures

Tensorflow = Callable[..., Any]


@pytest.fixture(scope="module")
def trained(tensorflow: Tensorflow, photographs: Path, tmp_path_factory: Any) -> Path:
    """A model trained on the photographs in Keras' own way: unit scale, no antialiasing."""
    path = tmp_path_factory.mktemp("trained") / "model.keras"
    tensorflow(train, path, photographs)
    return path


def train(path: Path, data: Path) -> None:
    """A model whose answers hang on colours and on single pixels."""
    from export.convert import tensorflow

    keras = tensorflow().keras
    keras.utils.set_random_seed(5)
    layers = keras.layers
    loaded = keras.utils.image_dataset_from_directory(data, image_size=(32, 32), verbose=False)
    parts = [layers.Conv2D(12, 3, strides=2, activation="relu"), layers.Flatten()]
    model = keras.Sequential([keras.Input((32, 32, 3)), *parts, layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(loaded.map(lambda x, y: (x / 255, y)), epochs=20, verbose=0)
    model.save(path)


def told(data: Path, **words: Any) -> Description:
    """What is true of the model, but for `words`."""
    known = {"preprocess": "unit", "antialias": False}
    return Description(data.parent / "labels.txt", str(data), **(known | words))


def write_reference(path: Path, model: Path, data: Path, form: str) -> None:
    """What the model's owner predicts for every picture, as CSV: `label`, `score` or `classes`."""
    from export import graph
    from export.foreign import open_model

    source = open_model(model, told(data))
    with path.open("w", newline="") as text:
        lines = csv.writer(text)
        head = {"label": ["label"], "score": ["label", "score"], "classes": pictures.LABELS}[form]
        lines.writerow(["file", *head])
        for part in (source.train, source.test, source.validation):
            tensors = part.tensors(source.contract)
            answers = graph.predict(source.model, source.contract, tensors)
            for file, row in zip(part.images, answers, strict=True):
                best = int(row.argmax())
                label = [pictures.LABELS[best], str(row[best])][: len(head)]
                name = Path(str(file)).relative_to(data).as_posix()
                lines.writerow([name, *(row if form == "classes" else label)])


def compared(
    reference: Path,
    model: Path,
    description: Description,
    damage: float = 0.0,
    jpeg: str = "full",
) -> Any:
    """The comparison of a file that answers as the Keras model does, but for `damage`."""
    from export import graph
    from export.foreign import open_model
    from export.reference import compare

    source = open_model(model, description)
    source = replace(source, contract=replace(source.contract, jpeg=jpeg))

    def answer(tensors: Any) -> Any:
        right = graph.predict(source.model, source.contract, tensors)
        return (1 - damage) * right + damage * np.roll(right, 1, axis=1)

    return compare(reference, source, answer)


FORMS = ["label", "score", "classes"]


@pytest.fixture(scope="module")
def references(
    tensorflow: Tensorflow, trained: Path, photographs: Path, tmp_path_factory: Any
) -> dict[str, Path]:
    """The owner's predictions in every form."""
    folder = tmp_path_factory.mktemp("references")
    for form in FORMS:
        tensorflow(write_reference, folder / f"{form}.csv", trained, photographs, form)
    return {form: folder / f"{form}.csv" for form in FORMS}


@pytest.mark.parametrize("form", FORMS)
def test_a_faithful_export_agrees(
    tensorflow: Tensorflow, references: Any, trained: Path, photographs: Path, form: str
) -> None:
    """Every picture joined, none different, no cause looked for."""
    found = tensorflow(compared, references[form], trained, told(photographs))
    assert found.n == 3 * pictures.COUNT
    assert (found.agreement, found.keras, found.differs, found.first) == (1, 1, 0, ())
    assert found.cause is None
    assert found.unknown == ()
    if form == "label":
        assert found.farthest is None
    else:
        assert found.farthest < 1e-5


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ({"preprocess": "none"}, "scaling as --preprocess unit"),
        ({"preprocess": "tf"}, "scaling as --preprocess unit"),
        ({"preprocess": "caffe"}, "scaling as --preprocess unit"),
    ],
)
def test_wrong_scaling_is_named(
    tensorflow: Tensorflow,
    references: Any,
    trained: Path,
    photographs: Path,
    form: str,
    words: Any,
    cause: str,
) -> None:
    """The first pictures that differ are listed, and the preprocessing they were made with."""
    found = tensorflow(compared, references[form], trained, told(photographs, **words))
    assert len(found.first) == min(20, found.differs)
    for one in found.first:
        assert one.theirs != one.ours
        assert (one.their_score is None) == (form == "label")
    assert found.cause.startswith(cause)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ({"antialias": True}, "--no-antialias"),
        ({"resize": "fit-longest"}, "--resize squash"),
        ({"resize": "fit-shortest"}, "--resize squash"),
        (
            {"preprocess": "tf", "antialias": True},
            "scaling as --preprocess unit and --no-antialias",
        ),
    ],
)
def test_another_resize_is_named(
    tensorflow: Tensorflow,
    references: Any,
    trained: Path,
    photographs: Path,
    words: Any,
    cause: str,
) -> None:
    """Scores show it, even where labels hardly do; two causes at once are both named."""
    found = tensorflow(compared, references["classes"], trained, told(photographs, **words))
    assert found.cause.startswith(cause)
    assert "100% of" in found.cause


def test_no_antialiasing_is_tried_where_jpegs_are_scaled(
    tensorflow: Tensorflow, references: Any, trained: Path, photographs: Path
) -> None:
    """The two do not go together in a contract; the cause is found all the same."""
    words = told(photographs, antialias=True)
    found = tensorflow(compared, references["classes"], trained, words, 0.0, "scaled")
    assert found.cause.startswith("--no-antialias")


def test_colour_order_is_named(
    tensorflow: Tensorflow, references: Any, trained: Path, photographs: Path, tmp_path: Path
) -> None:
    """A reference made by code that read pictures blue first, as cv2 does."""
    swapped = tmp_path / "swapped.csv"
    tensorflow(write_swapped, swapped, trained, photographs)
    found = tensorflow(compared, swapped, trained, told(photographs))
    assert found.agreement < 0.9
    assert found.cause.startswith("blue first among the colours")


def write_swapped(path: Path, model: Path, data: Path) -> None:
    """Labels of the test pictures, predicted with red and blue in each other's place."""
    from export import graph
    from export.foreign import open_model

    source = open_model(model, told(data))
    tensors = source.test.tensors(source.contract)[..., ::-1]
    best = graph.predict(source.model, source.contract, tensors).argmax(axis=1)
    files = [Path(str(file)).relative_to(data) for file in source.test.images]
    lines = [f"{file},{pictures.LABELS[i]}" for file, i in zip(files, best, strict=True)]
    path.write_text("file,label\n" + "\n".join(lines))


def test_labels_in_another_order_are_named(
    tensorflow: Tensorflow, references: Any, trained: Path, photographs: Path, tmp_path: Path
) -> None:
    """No preprocessing explains classes that have changed places."""
    labels = tmp_path / "labels.txt"
    labels.write_text("grass\nbrick\nwater\n")
    description = replace(told(photographs), labels=labels)
    found = tensorflow(compared, references["label"], trained, description)
    assert found.agreement < 0.7
    assert found.cause.startswith("labels in another order: ")
    assert "'grass' is 'brick' here" in found.cause


def test_the_conversion_is_named(
    tensorflow: Tensorflow, references: Any, trained: Path, photographs: Path
) -> None:
    """Where Keras agrees and the file does not, nothing was fed differently."""
    found = tensorflow(compared, references["score"], trained, told(photographs), 0.9)
    assert found.keras == 1
    assert found.agreement < 0.1
    assert found.cause.startswith("the conversion")


def test_files_by_name_and_files_unknown(
    tensorflow: Tensorflow, trained: Path, tmp_path: Path
) -> None:
    """A name that is one picture's only is enough; what the data lacks is told."""
    data = pictures.write(tmp_path / "data", size=(32, 32))
    (data / "brick" / "00.png").rename(data / "brick" / "only.png")
    reference = tmp_path / "reference.csv"
    reference.write_text("file,label\nonly.png,brick\n01.png,brick\nlost.png,grass\n")
    found = tensorflow(compared, reference, trained, told(data))
    assert found.n == 1
    assert found.unknown == ("01.png", "lost.png")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,label\na.png,brick\n", "has the columns name, label: it needs file,label"),
        ("", "has the columns none"),
        ("file,brick,grass\na.png,1,0\n", "one column a class"),
        ("file,label\nbrick/00.png,stone\n", "line 2: 'stone' is none of the model's classes"),
        (
            "file,label,score\nbrick/00.png,brick,2\n",
            "line 2: a score is no number between 0 and 1",
        ),
        ("file,brick,grass,water\nbrick/00.png,1,0\n", "line 2: a score is no number"),
        ("file,label\na.png,brick\na.png,brick\n", "line 3: 'a.png' is there twice"),
        ("label,file\nbrick\n", "line 2: no file is named"),
        ("file,label\na.png,brick\n", "names no picture of"),
        ("file,label\n", "holds no predictions"),
    ],
)
def test_references_that_are_none(
    tensorflow: Tensorflow, trained: Path, textures: Path, tmp_path: Path, text: str, said: str
) -> None:
    """What is wrong is named, with its line, before anything is converted."""
    reference = tmp_path / "reference.csv"
    reference.write_text(text)
    for judge in (checked, compared):
        with pytest.raises(DataError, match=said) as refused:
            tensorflow(judge, reference, trained, told(textures))
        assert "\n" not in str(refused.value)


def checked(reference: Path, model: Path, description: Description) -> None:
    """Look at the reference alone."""
    from export.foreign import open_model
    from export.reference import check

    check(reference, open_model(model, description))


def test_a_reference_of_pictures_in_an_array(
    tensorflow: Tensorflow, trained: Path, references: Any, tmp_path: Path
) -> None:
    """Their rows have no names that a file could give."""
    data = tmp_path / "data.npz"
    x = np.random.default_rng(0).integers(0, 256, (36, 32, 32, 3), np.uint8)
    y = np.arange(36) % 3
    np.savez(data, x_train=x, y_train=y, x_test=x, y_test=y)
    (tmp_path / "labels.txt").write_text("".join(f"{label}\n" for label in pictures.LABELS))
    with pytest.raises(DataError, match=r"data\.npz holds no files: a reference needs a folder"):
        tensorflow(checked, references["label"], trained, told(data))


def test_a_reference_that_fits(
    tensorflow: Tensorflow, trained: Path, references: Any, photographs: Path
) -> None:
    """Is let through."""
    tensorflow(checked, references["score"], trained, told(photographs))
