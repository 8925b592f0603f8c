"""Files that pages presuppose, under the names that they give them: each the smallest that is real."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from litescore import dataset
from tests.docs.stage import Stage
from tests.litescore import drawn
from tests.releases.conftest import make_model
from tests.review.conftest import keep
from tests.trainer.conftest import SHIPPED
from tests.trainer.pictures import photograph
from trainer.images.slice import write_idx

_OWN = """
import keras


def tiny(height, width, channels, classes):
    return keras.Sequential([
        keras.Input((height, width, channels)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(classes),
    ])
"""


def photos(stage: Stage, name: str = "photos") -> None:
    """Class folders of small JPEGs in two colours, 30 of each."""
    for color in ("red", "blue"):
        (stage.folder / name / color).mkdir(parents=True)
        for number in range(30):
            path = stage.folder / name / color / f"{number:04}.jpg"
            photograph(color, number, (40, 30)).save(path)


def archive(stage: Stage) -> None:
    """photos/ as a zip file."""
    with zipfile.ZipFile(stage.folder / "photos.zip", "w") as packed:
        for path in sorted((stage.folder / "photos").rglob("*.jpg")):
            packed.write(path, path.relative_to(stage.folder))


def listed(stage: Stage) -> None:
    """photos/ as a manifest."""
    paths = sorted((stage.folder / "photos").rglob("*.jpg"))
    rows = [f"{path.relative_to(stage.folder)},{path.parent.name}" for path in paths]
    (stage.folder / "list.csv").write_text("\n".join(["path,label", *rows]) + "\n")


def own(stage: Stage) -> None:
    """A model of one's own."""
    (stage.folder / "mymodels.py").write_text(_OWN)


def clone(stage: Stage) -> None:
    """`trainer/data/`, as in a clone of litescore."""
    (stage.folder / "trainer").mkdir()
    (stage.folder / "trainer" / "data").symlink_to(SHIPPED.parent)


def new(stage: Stage) -> None:
    """Three pictures without a class."""
    (stage.folder / "new").mkdir()
    for number in range(100, 103):
        photograph("red", number, (40, 30)).save(stage.folder / "new" / f"{number}.jpg")


def model(stage: Stage) -> None:
    """A model file of a few kilobytes that tells photos/ apart, badly, with golden samples; and the one
    that comes after it.
    """
    for number, name in enumerate(("model", "next")):
        data = make_model(number, labels=("blue", "red"))
        (stage.folder / f"{name}.tflite").write_bytes(data)


def mnist_model(stage: Stage) -> None:
    """A small model file that is not inverted."""
    (stage.folder / "mnist.tflite").write_bytes(make_model(0))


def digit(stage: Stage) -> None:
    """A digit drawn with a pen on paper."""
    (stage.folder / "digit.jpg").write_bytes(drawn.jpeg(3))


def shoe(stage: Stage) -> None:
    """A picture."""
    photograph("blue", 0, (40, 30)).save(stage.folder / "shoe.jpg")


def datasets(stage: Stage) -> None:
    """`datasets/mnist` and `datasets/fashion-mnist`: 900 and 300 images of the slice of
    Fashion-MNIST that is shipped, which presets take too.
    """
    for name in ("mnist", "fashion-mnist"):
        for prefix, part, count in (("train", "train", 900), ("t10k", "test", 300)):
            data = dataset.load(SHIPPED, part).take(range(count))
            pixels = np.asarray(data.images).reshape(count, 28, 28)
            folder = stage.folder / "datasets" / name
            write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", pixels)
            classes = np.asarray(data.classes, np.uint8)
            write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", classes)
    stage.shell.environ["LITESCORE_DATA"] = str(stage.folder / "datasets")


def run(stage: Stage) -> None:
    """A finished run of `litescore train`: one hidden layer, on datasets/fashion-mnist."""
    words = ["train", "--preset", "fashion-basic", "--epochs", "3", "--quiet", "--out", "run"]
    stage.shell.done(words)


def foreign(stage: Stage) -> None:
    """flowers.keras, a model of another's making that wants -1..1, with labels.txt and flowers/."""
    (stage.folder / "labels.txt").write_text("blue\nred\n")
    photos(stage, "flowers")
    where = (str(stage.folder / "flowers"), str(stage.folder / "flowers.keras"))
    stage.shell.tensorflow(_fit, *where)


def predicted(stage: Stage) -> None:
    """What the code that made flowers.keras says of flowers/: it tells all of them apart."""
    paths = sorted((stage.folder / "flowers").rglob("*.jpg"))
    rows = [f"{path.relative_to(stage.folder / 'flowers')},{path.parent.name}" for path in paths]
    (stage.folder / "predictions.csv").write_text("\n".join(["file,label", *rows]) + "\n")


def _fit(pictures: str, path: str) -> None:
    """A model of two units, fitted to red and blue pictures of 24 x 32, scaled to -1..1."""
    import keras

    read = [Image.open(path).resize((32, 24)) for path in sorted(Path(pictures).rglob("*.jpg"))]
    pixels = np.stack([np.asarray(one, np.float32) for one in read]) / 127.5 - 1
    layers = [keras.Input((24, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential([*layers, keras.layers.Softmax()])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(pixels, np.repeat([0, 1], len(read) // 2), epochs=5, verbose=0)
    model.save(path)


def key(stage: Stage) -> None:
    """A key to sign with, `my.key`, and its public half."""
    stage.shell.done(["keys", "new", "my.key"])


def records(stage: Stage) -> None:
    """Records of photos/."""
    stage.shell.done(["score", "photos/", "--model", "model.tflite", "--out", "records/"])


def some(stage: Stage) -> None:
    """A picture, and `photos/` without classes: the same one twice, and one that is cut off."""
    shoe(stage)
    whole = (stage.folder / "shoe.jpg").read_bytes()
    (stage.folder / "photos").mkdir()
    for name, data in (("a", whole), ("b", whole), ("broken", whole[:200])):
        (stage.folder / "photos" / f"{name}.jpg").write_bytes(data)


def kept(stage: Stage) -> None:
    """Frames that a camera kept, red ones and blue ones."""
    for number in range(6):
        keep(stage.folder / "kept", number, ("red", "blue")[number % 2])
