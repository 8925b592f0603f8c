"""What pages about records, releases and devices presuppose, beside `tests.docs.scenes`."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from functools import partial

import numpy as np

from litescore.record import Record, Subject
from litescore.releases import keys, publishing
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.docs import scenes
from tests.docs.scenes import Stage
from tests.trainer.pictures import photograph

_LABELS = ("blue", "red")


def bucket(stage: Stage, name: str) -> None:
    """An empty bucket of that name, at a real server."""
    s3 = stage.s3()
    stage.shell.environ.update(s3.environ)
    scenes.emptied(s3.client, name)


def inputs(stage: Stage) -> None:
    """Three pictures in `s3://bucket/in/`."""
    bucket(stage, "bucket")
    for number in range(3):
        path = stage.folder / "photos" / "red" / f"{number:04}.jpg"
        stage.s3().client.put_object(Bucket="bucket", Key=f"in/{path.name}", Body=path.read_bytes())


def archive(stage: Stage) -> None:
    """A shard of three pictures."""
    with zipfile.ZipFile(stage.folder / "test.zip", "w") as packed:
        for path in sorted((stage.folder / "photos" / "blue").glob("*.jpg"))[:3]:
            packed.write(path, path.name)


def manifest(stage: Stage, name: str) -> None:
    """A list of ten pictures, drawn anew where they are not there."""
    folder = stage.folder / "photos" / "red"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04}.jpg" for number in range(10)]
    for number, path in enumerate(paths):
        if not path.exists():
            photograph("red", number, (40, 30)).save(path)
    rows = [path.relative_to(stage.folder).as_posix() for path in paths]
    (stage.folder / name).write_text("\n".join(["source", *rows]) + "\n")


def device(stage: Stage) -> None:
    """A camera, and a state folder of its own."""
    scenes.camera(stage)
    stage.shell.environ["XDG_STATE_HOME"] = str(stage.folder.parent / "state")


def shelf(stage: Stage) -> None:
    """model.tflite and then next.tflite, released at `s3://bucket/models/shoes`."""
    bucket(stage, "bucket")
    root = stage.folder.parent / "shelf"
    keys.create(stage.folder / "factory.key")
    publisher = Publisher(
        open_shelf(str(root / "models" / "shoes")), keys.read_private(stage.folder / "factory.key")
    )
    for name in ("model", "next"):
        data = (stage.folder / f"{name}.tflite").read_bytes()
        publishing.publish(publisher, data, "stable")
    for path in root.rglob("*"):
        if path.is_file():
            key = path.relative_to(root).as_posix()
            stage.s3().client.put_object(Bucket="bucket", Key=key, Body=path.read_bytes())


def records(stage: Stage) -> None:
    """What both of them said of five pictures, in `records/` and in `s3://bucket/records/`."""
    lines = []
    for name, hour in (("model", 11), ("next", 13)):
        digest = hashlib.sha256((stage.folder / f"{name}.tflite").read_bytes()).hexdigest()
        for number in range(5):
            subject = Subject(f"s3://bucket/in/{number}.jpg", etag=f"{number}")
            at = f"2026-11-29T{hour}:0{number}:00.000Z"
            sure = np.array([0.4, 0.6], np.float32)
            lines.append(
                Record.scored(subject, sure, labels=_LABELS, model=digest, at=at).to_json()
            )
    text = "\n".join(lines) + "\n"
    (stage.folder / "records").mkdir(exist_ok=True)
    (stage.folder / "records" / "dt=2026-11-29.jsonl").write_text(text)
    stage.s3().client.put_object(Bucket="bucket", Key="records/all.jsonl", Body=text.encode())


SCENES: dict[str, Callable[[Stage], None]] = scenes.SCENES | {
    "s3://bucket/in/": inputs,
    "s3://other": partial(bucket, name="other"),
    "s3://records": partial(bucket, name="records"),
    "s3://my-bucket": partial(bucket, name="my-bucket"),
    "test.zip": archive,
    "more.csv": partial(manifest, name="more.csv"),
    "images.csv": partial(manifest, name="images.csv"),
    "a manifest": partial(manifest, name="list.csv"),
    "a shelf": shelf,
    "records/": records,
    "a device": device,
}
