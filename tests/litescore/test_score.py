"""`litescore score` and `litescore results` on files: records, resuming, refusing, exit codes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from litescore import contract, image, results
from litescore.record import Record
from litescore.scorer import Scorer
from tests.litescore import tiny
from tests.litescore.conftest import LABELS, Say, picture_bytes
from tests.rig.pngs import Pngs
from tests.rig.stub_s3 import StubS3, etag


def lines(text: str) -> list[Record]:
    """Standard output as records."""
    return [Record.from_json(line) for line in text.splitlines()]


def files(folder: Path) -> dict[str, bytes]:
    """Every file in a folder with its content."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def other_model(tmp_path: Path, small_model: Path) -> Path:
    """Another model of the same animals."""
    path = tmp_path / "other.tflite"
    held = contract.read(small_model)
    assert held is not None
    path.write_bytes(contract.append(tiny.build((4, 3, 1)), held))
    return path


def test_records_on_standard_output(small_model: Path, photos: Path, say: Say) -> None:
    """A line an image in order of name, equal to scoring each by hand."""
    said = say("score", photos, "--model", small_model)
    assert (said.code, said.err) == (0, "")
    scorer = Scorer(small_model)
    for record, path in zip(lines(said.out), sorted(photos.iterdir()), strict=True):
        tensor = image.fit(image.decode(path.read_bytes()), scorer.contract)
        probabilities = scorer.probabilities(tensor[None])[0]
        assert record.source == str(path)
        assert record.label == LABELS[probabilities.argmax()]
        assert record.score == float(probabilities.max())
        assert record.model == scorer.digest
        assert len(record.top) == 3


def test_clothes(int8_model: Path, pngs: Pngs, tmp_path: Path, say: Say) -> None:
    """Fifty real images, most of them right."""
    said = say("score", pngs.folder, "--model", int8_model, "--out", tmp_path / "out")
    assert said.out == f"50 scored, 0 failed: records in {tmp_path / 'out'}\n"
    found = {Path(one.source).name: one.label for one in results.read(tmp_path / "out")}
    right = [found[path.name] == label for path, label in zip(pngs.paths, pngs.labels, strict=True)]
    assert sum(right) > 35


def test_the_environment_may_name_the_model(
    small_model: Path, photos: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LITESCORE_MODEL, LITESCORE_TOP; an option overrules."""
    monkeypatch.setenv("LITESCORE_MODEL", str(small_model))
    monkeypatch.setenv("LITESCORE_TOP", "1")
    assert {len(one.top) for one in lines(say("score", photos).out)} == {1}
    assert {len(one.top) for one in lines(say("score", photos, "--top", "2").out)} == {2}


@pytest.mark.parametrize("options", [(), ("--batch", "1"), ("--batch", "64", "--threads", "3")])
def test_batch_and_threads_change_nothing(
    small_model: Path, photos: Path, say: Say, options: tuple[str, ...]
) -> None:
    """Same ids, same labels, same order."""
    said = say("score", photos, "--model", small_model, *options)
    one_by_one = [
        one
        for path in sorted(photos.iterdir())
        for one in lines(say("score", path, "--model", small_model).out)
    ]
    assert [(r.id, r.top) for r in lines(said.out)] == [(r.id, r.top) for r in one_by_one]


def test_sources_of_every_kind(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> None:
    """Folders with folders in them, files whatever their name; other files are left out."""
    (photos / "deep").mkdir()
    (photos / "deep" / "x.JPG").write_bytes(picture_bytes(9))
    (photos / "notes.txt").write_text("hello")
    (photos / ".hidden.png").write_bytes(b"")
    named = tmp_path / "picture.dat"
    named.write_bytes(picture_bytes(8))
    said = say("score", photos, named, f"file://{named}", "--model", small_model)
    names = [Path(one.source).name for one in lines(said.out)]
    assert names == [*(f"{n}.png" for n in range(5)), "x.JPG", "picture.dat", "picture.dat"]
    assert said.code == 0


def test_failures_stand_beside_their_neighbours(
    small_model: Path, photos: Path, tmp_path: Path, say: Say
) -> None:
    """Not an image, 0 bytes, truncated, 100 MB of text called .jpg: each its record; exit code 1."""
    (photos / "0bytes.png").touch()
    (photos / "0cut.png").write_bytes(picture_bytes(0)[:90])
    (photos / "0text.jpg").write_text("somebody called this an image")
    with (photos / "0huge.jpg").open("wb") as huge:
        huge.write(b"text")
        huge.truncate(100 * 1024 * 1024)
    said = say("score", photos, "--model", small_model, "--out", tmp_path / "out")
    assert said.code == 1
    assert said.out == f"5 scored, 4 failed: records in {tmp_path / 'out'}\n"
    found = {Path(one.source).name: one for one in results.read(tmp_path / "out")}
    assert {name: one.kind for name, one in found.items() if one.status == "failed"} == {
        "0bytes.png": "corrupt",
        "0cut.png": "corrupt",
        "0text.jpg": "unsupported",
        "0huge.jpg": "too-large",
    }
    assert found["0huge.jpg"].reason == "104,857,600 bytes, the limit is 67,108,864"
    assert found["0bytes.png"].reason == "0 bytes"
    assert say("score", photos, "--model", small_model).code == 1


def test_a_name_that_is_no_text(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> None:
    """A file whose name is not UTF-8, and one with a line break in it."""
    Path(os.fsdecode(os.fsencode(photos) + b"/\xff\xfe.png")).write_bytes(picture_bytes(7))
    (photos / "two\nlines.png").write_bytes(picture_bytes(8))
    assert len(lines(say("score", photos, "--model", small_model).out)) == 7
    assert say("score", photos, "--model", small_model, "--out", tmp_path / "out").code == 0
    found = {os.fsencode(Path(one.source).name) for one in results.read(tmp_path / "out")}
    assert {b"\xff\xfe.png", b"two\nlines.png"} <= found


def test_run_again_it_resumes(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> None:
    """What is there is not scored again; what is new or changed is."""
    out = tmp_path / "out"
    words = ("score", photos, "--model", small_model, "--out", out)
    (photos / "bad.png").write_bytes(b"bad")
    assert say(*words).code == 1
    first = files(out)
    said = say(*words)
    assert said.out == f"0 scored, 0 failed, 6 done before: records in {out}\n"
    assert files(out) == first
    (photos / "new.png").write_bytes(picture_bytes(9))
    (photos / "0.png").write_bytes(picture_bytes(10))
    os.utime(photos / "0.png", ns=(time.time_ns(), time.time_ns()))
    assert say(*words).out.startswith("2 scored, 0 failed, 5 done before")
    assert files(out).items() > first.items()
    assert len(list(results.read(out))) == 8


def test_two_runs_make_the_same_names(
    small_model: Path, photos: Path, tmp_path: Path, say: Say
) -> None:
    """The object's name is that of its records, not of the moment."""
    for name in ("one", "two"):
        say("score", photos, "--model", small_model, "--out", tmp_path / name)
    one, two = (
        {path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob("*.gz")}
        for name in ("one", "two")
    )
    assert one == two
    assert len(one) == 1


def test_another_models_records_are_refused(
    small_model: Path, other_model: Path, photos: Path, tmp_path: Path, say: Say
) -> None:
    """Wrong usage, with the way out; with --overwrite they are replaced."""
    out = tmp_path / "out"
    say("score", photos, "--model", small_model, "--out", out)
    before = files(out)
    said = say("score", photos, "--model", other_model, "--out", out)
    assert said.code == 2
    digest = Scorer(small_model).digest
    assert said.refusal() == (
        f"{out} holds records of another model ({digest[:12]}): name another --out, or --overwrite"
    )
    assert files(out) == before
    assert say("score", photos, "--model", other_model, "--out", out, "--overwrite").code == 0
    assert {one.model for one in results.read(out)} == {Scorer(other_model).digest}


def test_overwrite_scores_all_again(
    small_model: Path, photos: Path, tmp_path: Path, say: Say
) -> None:
    """Its own records too; files that are no records stay."""
    out = tmp_path / "out"
    words = ("score", photos, "--model", small_model, "--out", out)
    say(*words)
    (out / "notes.txt").write_text("mine")
    assert say(*words, "--overwrite").out.startswith("5 scored, 0 failed: ")
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("source", ["nowhere", "empty"])
def test_overwrite_removes_nothing_for_nothing(
    small_model: Path, photos: Path, tmp_path: Path, say: Say, source: str
) -> None:
    """A mistyped source does not cost the records of the last run."""
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    say("score", photos, "--model", small_model, "--out", out)
    before = files(out)
    words = ("--model", small_model, "--out", out, "--overwrite")
    assert say("score", photos, tmp_path / source, *words).code in (2, 3)
    assert files(out) == before


def test_from_bucket_to_bucket(
    small_model: Path, say: Say, stub: StubS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images and records in S3: the same words, the same resuming."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    for number in range(4):
        stub.objects["stub", f"in/{number} ü.png"] = picture_bytes(number)
    stub.objects["stub", "in/bad.png"] = b"bad"
    words = ("score", "s3://stub/in/", "--model", small_model, "--out", "s3://stub/out/")
    assert say(*words).out == "4 scored, 1 failed: records in s3://stub/out/\n"
    found = {one.source: one for one in results.read("s3://stub/out/")}
    assert found["s3://stub/in/2 ü.png"].etag == etag(picture_bytes(2))
    assert found["s3://stub/in/bad.png"].kind == "unsupported"
    assert say(*words).out.startswith("0 scored, 0 failed, 5 done before")
    assert say("results", "s3://stub/out/").out.startswith("5 images")


def test_json(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> None:
    """The summary for a machine."""
    out = tmp_path / "out"
    held = json.loads(say("score", photos, "--model", small_model, "--out", out, "--json").out)
    assert (held["scored"], held["failed"], held["skipped"], held["retry"]) == (5, 0, 0, [])
    assert [str(path) for path in out.rglob("*.gz")] == held["outputs"]


def test_limits_from_the_environment(
    small_model: Path, photos: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LITESCORE_MAX_BYTES and LITESCORE_MAX_PIXELS refuse single images."""
    monkeypatch.setenv("LITESCORE_MAX_PIXELS", "62")
    said = say("score", photos, "--model", small_model)
    assert said.code == 1
    assert {one.reason for one in lines(said.out)} == {"9 x 7 pixels, the limit is 62 in all"}
    monkeypatch.setenv("LITESCORE_MAX_PIXELS", "63")
    assert say("score", photos, "--model", small_model).code == 0
    monkeypatch.setenv("LITESCORE_MAX_BYTES", "10")
    assert {one.kind for one in lines(say("score", photos, "--model", small_model).out)} == {
        "too-large"
    }


def test_scores_of_large_pictures(small_model: Path, tmp_path: Path, say: Say) -> None:
    """A photograph of four megapixels among small ones: decoded by threads, in its place."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    smooth = np.indices((2000, 2000)).sum(0).astype(np.uint8)
    for name, data in (("a", picture_bytes(1)), ("b", image.encode_png(smooth)), ("c", b"")):
        (folder / f"{name}.png").write_bytes(data)
    found = lines(say("score", folder, "--model", small_model).out)
    assert [one.status for one in found] == ["scored", "scored", "failed"]


def test_results_counts(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> None:
    """Statuses, labels and kinds of failure, for people and machines."""
    (photos / "bad.png").touch()
    out = tmp_path / "out"
    say("score", photos, "--model", small_model, "--out", out)
    said = say("results", out)
    assert said.code == 0
    rows = [line.split() for line in said.out.splitlines()]
    assert rows[0] == ["6", "images"]
    assert ["status", "scored", "5"] in rows
    assert ["failed", "as", "corrupt", "1"] in rows
    held = json.loads(say("results", out, "--json").out)
    assert (held["images"], held["status"]) == (6, {"scored": 5, "failed": 1})
    assert sum(held["labels"].values()) == 5
    assert held["models"] == {Scorer(small_model).digest: 6}
