"""What pages presuppose: `<!-- run with: photos/, s3://bucket -->`.

Four stand for what no test has: a clip for a camera, SeaweedFS for S3, this machine for a Pi, and two
epochs of a few hundred images for a whole training. They change words and files around a command,
and nothing in litescore.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.docs import things
from tests.docs.stage import Stage

_EPOCHS = 2


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


def bench_of_a_pi(stage: Stage) -> None:
    """bench.json as a Pi writes it: what was measured here, on another processor."""
    path = stage.folder / "bench.json"
    path.write_text(path.read_text().replace(platform.machine(), "aarch64"))


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


def bucket_records(stage: Stage) -> None:
    """`s3://bucket/records/`: records of photos/."""
    out = ["--out", "s3://bucket/records/"]
    stage.shell.done(["score", "photos/", "--model", "model.tflite", *out])


def bucket_kept(stage: Stage) -> None:
    """`s3://bucket/kept/`: the same as kept/."""
    things.kept(stage)
    for path in (stage.folder / "kept").rglob("*.*"):
        name = path.relative_to(stage.folder).as_posix()
        stage.s3().client.put_object(Bucket="bucket", Key=name, Body=path.read_bytes())


def shelf(stage: Stage) -> None:
    """`s3://bucket/models/shoes`, where model.tflite is published."""
    things.model(stage)
    bucket(stage)
    things.key(stage)
    shelf = "s3://bucket/models/shoes"
    stage.shell.done(["publish", "model.tflite", shelf, "--key", "my.key"])
    stage.shell.environ["LITESCORE_TRUST"] = "my.key.pub"


def trust(stage: Stage) -> None:
    """The public half of factory.key, named by the environment."""
    stage.shell.environ["LITESCORE_TRUST"] = "factory.key.pub"


SCENES: dict[str, Callable[[Stage], None]] = {
    "photos/": things.photos,
    "photos.zip": things.archive,
    "list.csv": things.listed,
    "new/": things.new,
    "model.tflite": things.model,
    "mnist.tflite": things.mnist_model,
    "digit.jpg": things.digit,
    "shoe.jpg": things.shoe,
    "mymodels.py": things.own,
    "trainer/data/": things.clone,
    "datasets/": things.datasets,
    "short trainings": short,
    "small models": small,
    "run": things.run,
    "flowers.keras": things.foreign,
    "predictions.csv": things.predicted,
    "my.key": things.key,
    "photos/broken.jpg": things.some,
    "a Pi's bench.json": bench_of_a_pi,
    "kept/": things.kept,
    "a camera": camera,
    "a browser": browser,
    "s3://bucket": bucket,
    "s3://bucket/photos/": bucket_photos,
    "LITESCORE_TRUST": trust,
    "a shelf": shelf,
    "records/": things.records,
    "records in s3://bucket": bucket_records,
    "kept in s3://bucket": bucket_kept,
}
