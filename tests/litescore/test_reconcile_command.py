"""`litescore reconcile`: what it says of inputs and records, here and in S3."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from litescore.results import read
from tests.litescore.conftest import Say, picture_bytes
from tests.litescore.recorded import write
from tests.rig.stub_s3 import Fault, StubS3, etag


@pytest.fixture
def out(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> Path:
    """Records of the photos, one of which is no picture."""
    (photos / "0.png").write_text("no picture")
    place = tmp_path / "out"
    assert say("score", photos, "--model", small_model, "--out", place).code == 1
    return place


def test_the_command_balances(photos: Path, out: Path, say: Say) -> None:
    """What was scored is all there: exit code 0, one line."""
    said = say("reconcile", photos, out)
    assert (said.code, said.out, said.err) == (0, "5 listed: 0 missing, 0 double\n", "")
    assert json.loads(say("reconcile", photos, out, "--json").out) == {
        "balanced": True,
        "listed": 5,
        "missing": 0,
        "double": 0,
        "superseded": 0,
        "unlisted": 0,
        "unopened": 0,
        "missing_images": [],
        "double_images": [],
        "unopened_shards": [],
    }


def test_the_command_names_what_is_missing(photos: Path, out: Path, say: Say) -> None:
    """A picture that came later and one that changed since: exit code 1."""
    (photos / "5.png").write_bytes(picture_bytes(5))
    (photos / "1.png").write_bytes(picture_bytes(6) + b"changed")
    said = say("reconcile", photos, out)
    assert said.code == 1
    assert said.out.splitlines() == [
        f"missing  {photos / '1.png'}",
        f"missing  {photos / '5.png'}",
        "6 listed: 2 missing, 0 double, 1 not listed",
    ]
    held = json.loads(say("reconcile", photos, out, "--json", "--show", "1").out)
    assert (held["balanced"], held["missing"]) == (False, 2)
    assert [one["source"] for one in held["missing_images"]] == [str(photos / "1.png")]


def test_the_command_names_what_is_double(photos: Path, out: Path, say: Say) -> None:
    """The ids of each, shortened."""
    record = next(read(out))
    write(out / "other.jsonl.gz", [record._replace(id="0123456789abcdef")])
    said = say("reconcile", photos, out)
    assert said.code == 1
    ids = f"0123456789ab, {record.id[:12]}"
    assert said.out.splitlines()[0] == f"double   {record.source}: {ids}"
    (double,) = json.loads(say("reconcile", photos, out, "--json").out)["double_images"]
    assert (double["source"], double["etag"]) == (record.source, record.etag)
    assert sorted(double["ids"]) == sorted(["0123456789abcdef", record.id])


def test_other_words_for_the_same_inputs(
    photos: Path, out: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder named another way than it was scored: nothing fits, and the line says why."""
    monkeypatch.chdir(photos.parent)
    said = say("reconcile", photos.name, out)
    assert said.code == 1
    assert said.out.splitlines()[-1].endswith("name the inputs as they were scored")


def test_no_records_at_all(photos: Path, tmp_path: Path, say: Say) -> None:
    """An empty place: everything is missing. A place that is not there: it could not run."""
    (tmp_path / "empty").mkdir()
    said = say("reconcile", photos, tmp_path / "empty")
    assert (said.code, said.out.splitlines()[-1]) == (1, "5 listed: 5 missing, 0 double")
    refused = say("reconcile", photos, tmp_path / "none")
    assert (refused.code, refused.refusal()) == (3, f"no such file or folder: {tmp_path / 'none'}")


def test_in_s3(small_model: Path, stub: StubS3, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefixes on both sides, over more than one page of the listing."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    stub.page = 2
    for number in range(5):
        stub.objects["stub", f"in/a b+{number}.png"] = picture_bytes(number)
    words = ("s3://stub/in/", "--model", small_model, "--out", "s3://stub/out/")
    assert say("score", *words).code == 0
    assert say("reconcile", "s3://stub/in/", "s3://stub/out/").code == 0
    stub.objects["stub", "in/a b+5.png"] = picture_bytes(5)
    said = say("reconcile", "s3://stub/in/", "s3://stub/out/")
    assert said.code == 1
    assert said.out.splitlines()[0] == "missing  s3://stub/in/a b+5.png"


def test_a_manifest_and_patterns(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> None:
    """Inputs are named as for scoring: what was left out then is not missing now."""
    manifest = tmp_path / "images.jsonl"
    names = sorted(map(str, photos.iterdir()))
    manifest.write_text("".join(json.dumps({"source": name}) + "\n" for name in names))
    words = (f"@{manifest}", "--exclude", "3.png")
    place = tmp_path / "out"
    assert say("score", *words, "--model", small_model, "--out", place).code == 0
    assert say("reconcile", *words, place).out == "4 listed: 0 missing, 0 double\n"
    said = say("reconcile", f"@{manifest}", place)
    assert (said.code, said.out.splitlines()[0]) == (1, f"missing  {names[3]}")


def test_denied_and_healed(
    small_model: Path, stub: StubS3, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A 403 before the ETag was known, scored later under it: no double; denied again, no record."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    for number in range(3):
        stub.objects["stub", f"in/{number}.png"] = picture_bytes(number)
    manifest = tmp_path / "images.csv"
    manifest.write_text("source\n" + "".join(f"s3://stub/in/{n}.png\n" for n in range(3)))
    stub.faults.append(Fault(status=403, method="GET", key="in/1.png", times=1))
    words = ("--model", small_model, "--out", "s3://stub/out/")
    assert say("score", f"@{manifest}", *words).out.startswith("2 scored, 1 failed")
    for inputs in (f"@{manifest}", "s3://stub/in/"):
        assert say("reconcile", inputs, "s3://stub/out/").out == "3 listed: 0 missing, 0 double\n"
    assert say("score", "s3://stub/in/", *words).out.startswith("1 scored, 0 failed, 2 done before")
    assert {one.etag for one in read("s3://stub/out/") if one.source.endswith("1.png")} == {
        None,
        etag(picture_bytes(1)),
    }
    for inputs in (f"@{manifest}", "s3://stub/in/"):
        assert say("reconcile", inputs, "s3://stub/out/").out == "3 listed: 0 missing, 0 double\n"
    stub.objects["stub", "in/1.png"] = picture_bytes(9)
    stub.objects.pop(("stub", "in/2.png"))
    said = say("reconcile", "s3://stub/in/", "s3://stub/out/")
    # Overwritten, it may be what was denied; gone, its record is of nothing that is listed.
    assert said.out == "2 listed: 0 missing, 0 double, 2 not listed\n"
