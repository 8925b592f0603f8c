"""What pages presuppose, under the names that they give it: `<!-- run with: photos/, s3://bucket -->`.

Each is the smallest of its kind that is real. Three stand for what no test has: a clip for a camera,
SeaweedFS for S3, and a few hundred images and two epochs at most for a whole training.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from litescore import dataset
from tests.docs.shell import Shell
from tests.litescore import drawn
from tests.releases.conftest import make_model
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
            pixels = np.stack([data.image(i) for i in range(count)]).reshape(count, 28, 28)
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
    emptied(s3.client, "bucket")


def emptied(client: Any, name: str) -> None:
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
    "a camera": camera,
    "a browser": browser,
    "s3://bucket": bucket,
    "s3://bucket/photos/": bucket_photos,
}
