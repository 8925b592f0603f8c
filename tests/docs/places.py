"""What pages about records presuppose, beside `tests.docs.scenes`."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import partial

from tests.docs import scenes
from tests.docs.stage import Stage
from tests.trainer.pictures import photograph


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


SCENES: dict[str, Callable[[Stage], None]] = scenes.SCENES | {
    "s3://bucket/in/": inputs,
    "s3://other": partial(bucket, name="other"),
    "s3://records": partial(bucket, name="records"),
    "s3://my-bucket": partial(bucket, name="my-bucket"),
    "test.zip": archive,
    "more.csv": partial(manifest, name="more.csv"),
    "images.csv": partial(manifest, name="images.csv"),
    "a manifest": partial(manifest, name="list.csv"),
}
