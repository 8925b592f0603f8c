"""What a review reads and what reads its outcome: a real S3 server, and a real training."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from litescore import contract as contracts
from litescore import review_commands
from litescore.contract import Contract
from litescore.errors import ImageError
from litescore.review import items
from litescore.review.desk import Desk
from litescore.review.labels import Labels
from tests.review.conftest import LABELS, Kept, keep, reviewing
from tests.rig.seaweed import S3
from tests.rig.warm import Warmed

PROBE = Path(review_commands.__file__).with_name("probe.tflite")


def test_from_s3(
    kept: Kept, s3: S3, bucket: str, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a prefix pictures and records are read as of a folder; what is beside it is not. An object
    that is gone meanwhile is told, and nothing is decided.
    """
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    keys = {}
    for path in kept.folder.rglob("*.*"):
        key = f"cams/kept/{path.relative_to(kept.folder).as_posix()}"
        s3.client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        keys[path.name] = key
    s3.client.put_object(Bucket=bucket, Key="cams/kept2/other.png", Body=b"x")
    prefix = f"s3://{bucket}/cams/kept"
    kept.out.mkdir()
    desk = Desk(prefix, items.listed(prefix), Labels(LABELS), kept.out)
    assert [item.id for item in desk.waiting()] == kept.ids
    assert [item.label for item in desk.waiting(3)] == list(LABELS)
    desk.decide(kept.ids[0], "green")
    assert kept.files() == {"green": [kept.ids[0]]}
    step = desk.undoable()
    assert step is not None
    desk.undo(step.name)
    assert kept.files() == {}
    s3.client.delete_object(Bucket=bucket, Key=keys[f"{kept.ids[0]}.png"])
    with pytest.raises(ImageError):
        desk.decide(kept.ids[0], "red")
    assert desk.left == 6
    desk.decide(kept.ids[1], "green")
    with reviewing(f"{prefix}/", "--to", kept.out, environ=os.environ | dict(s3.environ)) as review:
        assert review.ask("/state")[1]["left"] == 4
        assert review.ask(f"/picture/{kept.ids[2]}")[1][:4] == b"\x89PNG"
        assert review.decide(kept.ids[2], "blue") == 200
    assert kept.files() == {"blue": [kept.ids[2]], "green": [kept.ids[1]]}


def test_trained_on(kept: Kept, warmed: Warmed, tmp_path: Path) -> None:
    """`litescore train --data OUT` learns from the class folders, by their names."""
    for number in range(10, 40):
        keep(kept.folder, number, ("red", "blue")[number % 2], size=(28, 28))
    kept.out.mkdir()
    desk = Desk(str(kept.folder), items.listed(str(kept.folder)), Labels(LABELS), kept.out)
    for item in desk.waiting():
        if item.label != "green":
            desk.decide(item.id, item.label)
    words = ("train", "--preset", "fashion-basic", "--epochs", "1", "--data", kept.out)
    done = warmed(*words, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr[-2000:]
    contract = json.loads((tmp_path / "run" / "contract.json").read_text())
    assert sorted(contract["labels"]) == ["blue", "red"]


def test_records_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that `litescore score` scored are found by the records that it wrote, however their
    folder is named.
    """
    kept = Kept(tmp_path / "kept", tmp_path / "out", [])
    keep(kept.folder, 0, "blue")
    (name,) = kept.folder.rglob("*.json")
    record = json.loads(name.read_text())
    photo = tmp_path / "photos" / "a.png"
    photo.parent.mkdir()
    photo.write_bytes(name.with_suffix(".png").read_bytes())
    records = tmp_path / "records.jsonl"
    records.write_text(json.dumps(record | {"source": str(photo)}) + "\n")
    monkeypatch.chdir(tmp_path)
    (item,) = items.listed("photos", records=str(records))
    assert item.label == "blue"
    (item,) = items.listed("photos")
    assert item.label is None


def test_labels_of_a_model(kept: Kept, tmp_path: Path) -> None:
    """--model gives all labels of the file, also those that no record bears; --labels a file's; those
    of class folders that are there already come behind.
    """
    model = tmp_path / "model.tflite"
    model.write_bytes(contracts.append(PROBE.read_bytes(), Contract(("b", "a/c"), "rgb", 8, 8)))
    (kept.out / "a_c").mkdir(parents=True)
    labels = review_commands._labels([], kept.out, None, model, may_grow=False)
    assert list(labels) == ["b", "a/c"]
    (kept.out / "a_c").rename(kept.out / "pink")
    names = tmp_path / "names.txt"
    names.write_text("red\nyellow\n")
    labels = review_commands._labels([], kept.out, names, None, may_grow=False)
    assert list(labels) == ["red", "yellow", "pink"]
