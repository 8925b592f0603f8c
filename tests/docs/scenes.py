"""What pages presuppose, under the names that they give it: `<!-- run with: photos/, s3://bucket -->`.

Each is the smallest of its kind that is real. Three stand for what no test has: a clip for a camera,
SeaweedFS for S3, and a few hundred images and two epochs at most for a whole training.
"""

from __future__ import annotations

import platform
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from litescore import dataset
from tests.docs.shell import Shell
from tests.litescore import drawn
from tests.releases.conftest import make_model
from tests.review.conftest import keep
from tests.rig.seaweed import S3
from tests.trainer.conftest import SHIPPED
from tests.trainer.pictures import photograph
from trainer.images.slice import write_idx

_EPOCHS = 2
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


@dataclass(frozen=True)
class Stage:
    """Where a page plays: its terminal, and an S3 server once a scene asks for one."""

    shell: Shell
    s3: Callable[[], S3]

    @property
    def folder(self) -> Path:
        return self.shell.folder


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


def frames(stage: Stage) -> None:
    """Class folders of whole frames of a fixed camera, 640 x 480."""
    for color in ("red", "blue"):
        (stage.folder / "frames" / color).mkdir(parents=True)
        for number in range(12):
            path = stage.folder / "frames" / color / f"{number}.jpg"
            photograph(color, number, (640, 480)).save(path)


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


def short(stage: Stage) -> None:
    """Trainings end after two epochs at most."""

    def shorter(words: list[str]) -> list[str]:
        return [*words, "--epochs", str(_EPOCHS)] if words[0] == "train" else words

    stage.shell.change.append(shorter)


def small(stage: Stage) -> None:
    """Where no model is named, one hidden layer stands for a network: it compiles in a second."""

    def smaller(words: list[str]) -> list[str]:
        named = words[0] != "train" or {"--model", "--preset"} & set(words)
        return words if named else [*words, "--model", "mlp"]

    stage.shell.change.append(smaller)


def run(stage: Stage) -> None:
    """A finished run of `litescore train`: one hidden layer, on datasets/fashion-mnist."""
    words = ["train", "--preset", "fashion-basic", "--epochs", "3", "--quiet", "--out", "run"]
    stage.shell.done(words)


def foreign(stage: Stage) -> None:
    """flowers.keras and mobilenet.keras: models of another's making that want -1..1, for flowers/
    and photos/; and labels.txt.
    """
    (stage.folder / "labels.txt").write_text("blue\nred\n")
    photos(stage, "flowers")
    for name in ("flowers", "mobilenet"):
        stage.shell.tensorflow(
            _fit, str(stage.folder / "flowers"), str(stage.folder / f"{name}.keras")
        )


def _fit(pictures: str, path: str) -> None:
    """A model of two units, fitted to red and blue pictures of 24 x 32, scaled to -1..1."""
    import keras

    read = [Image.open(path).resize((32, 24)) for path in sorted(Path(pictures).rglob("*.jpg"))]
    pixels = np.stack([np.asarray(one, np.float32) for one in read]) / 127.5 - 1
    layers = [keras.Input((24, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential(layers + [keras.layers.Softmax()])
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


def bench_of_a_pi(stage: Stage) -> None:
    """bench.json as a Pi writes it: what was measured here, on another processor."""
    path = stage.folder / "bench.json"
    path.write_text(path.read_text().replace(platform.machine(), "aarch64"))


def trust(stage: Stage) -> None:
    """The public half of factory.key, named by the environment."""
    stage.shell.environ["LITESCORE_TRUST"] = "factory.key.pub"


def reviewed(stage: Stage) -> None:
    """Class folders, as a review leaves them."""
    photos(stage, "reviewed")


def shelf(stage: Stage) -> None:
    """`s3://bucket/models/shoes`, where model.tflite is published."""
    model(stage)
    bucket(stage)
    key(stage)
    shelf = "s3://bucket/models/shoes"
    stage.shell.done(["publish", "model.tflite", shelf, "--key", "my.key"])
    stage.shell.environ["LITESCORE_TRUST"] = "my.key.pub"


def bucket_records(stage: Stage) -> None:
    """`s3://bucket/records/`: records of photos/."""
    out = ["--out", "s3://bucket/records/"]
    stage.shell.done(["score", "photos/", "--model", "model.tflite", *out])


def bucket_kept(stage: Stage) -> None:
    """`s3://bucket/kept/`: the same as kept/."""
    kept(stage)
    for path in (stage.folder / "kept").rglob("*.*"):
        name = path.relative_to(stage.folder).as_posix()
        stage.s3().client.put_object(Bucket="bucket", Key=name, Body=path.read_bytes())


def kept(stage: Stage) -> None:
    """Frames that a camera kept, red ones and blue ones."""
    for number in range(6):
        keep(stage.folder / "kept", number, ("red", "blue")[number % 2])


def camera(stage: Stage) -> None:
    """A clip of ten frames stands for a camera; the page in the browser takes a free port."""
    import cv2

    path = stage.folder.parent / "camera.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 48))
    for number in range(10):
        writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    writer.release()

    def filmed(words: list[str]) -> list[str]:
        if words[0] != "edge" or "--source" not in words:
            return words
        at = words.index("--source") + 1
        assert words[at] in ("0", "picamera"), words
        port = ["--preview-bind", "127.0.0.1:0"] if "--preview" in words else []
        return [*words[:at], str(path), *words[at + 1 :], *port]

    stage.shell.change.append(filmed)


def browser(stage: Stage) -> None:
    """Commands that serve a page are interrupted, as by Ctrl-C, once they say its address."""
    stage.shell.stops = True
    stage.shell.environ["BROWSER"] = "true"


def bucket(stage: Stage) -> None:
    """`s3://bucket`, empty, at a real server."""
    s3 = stage.s3()
    stage.shell.environ.update(s3.environ)
    _emptied(s3.client, "bucket")


def _emptied(client: Any, name: str) -> None:
    """A bucket of this name without objects, which an earlier page may have left."""
    if name not in [one["Name"] for one in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=name)
    for listed in client.get_paginator("list_objects_v2").paginate(Bucket=name):
        for found in listed.get("Contents", ()):
            client.delete_object(Bucket=name, Key=found["Key"])


def bucket_photos(stage: Stage) -> None:
    """`s3://bucket/photos/`: the same as photos/."""
    bucket(stage)
    for path in (stage.folder / "photos").rglob("*.jpg"):
        key = path.relative_to(stage.folder).as_posix()
        stage.s3().client.put_object(Bucket="bucket", Key=key, Body=path.read_bytes())


SCENES: dict[str, Callable[[Stage], None]] = {
    "photos/": photos,
    "photos.zip": archive,
    "list.csv": listed,
    "new/": new,
    "frames/": frames,
    "model.tflite": model,
    "mnist.tflite": mnist_model,
    "digit.jpg": digit,
    "shoe.jpg": shoe,
    "mymodels.py": own,
    "trainer/data/": clone,
    "datasets/": datasets,
    "short trainings": short,
    "small models": small,
    "run": run,
    "flowers.keras": foreign,
    "my.key": key,
    "photos/broken.jpg": some,
    "a Pi's bench.json": bench_of_a_pi,
    "kept/": kept,
    "a camera": camera,
    "a browser": browser,
    "s3://bucket": bucket,
    "s3://bucket/photos/": bucket_photos,
    "reviewed/": reviewed,
    "LITESCORE_TRUST": trust,
    "a shelf": shelf,
    "records/": records,
    "records in s3://bucket": bucket_records,
    "kept in s3://bucket": bucket_kept,
}
