"""`litescore score` with shards, manifests, patterns, other forms of OUT and folders for classes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from litescore import packing, results
from litescore.record import Record
from litescore.scoring.folder_truth import FolderTruth
from tests.litescore.conftest import LABELS, Say, picture_bytes
from tests.litescore.packed import npz_of, tar_gz_of, zip_of


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """Six pictures in class folders and a bad one, as a zip."""
    files = {f"{LABELS[n % 3]}/{n}.png": picture_bytes(n) for n in range(6)}
    path = tmp_path / "shard.zip"
    path.write_bytes(zip_of({**files, "ant/bad.png": b"bad"}))
    return path


def rows(out: Path) -> list[dict[str, str]]:
    """The rows of every table in a folder."""
    return [
        row
        for path in sorted(out.rglob("*.csv"))
        for row in csv.DictReader(path.read_text().splitlines())
    ]


def test_shards_of_a_folder(small_model: Path, shard: Path, tmp_path: Path, say: Say) -> None:
    """A record a member, for every shard and picture in the folder."""
    (tmp_path / "s.tar.gz").write_bytes(tar_gz_of({"x.png": picture_bytes(1)}))
    (tmp_path / "s.npz").write_bytes(npz_of(x_test=np.zeros((3, 9, 7), np.uint8)))
    (tmp_path / "z.png").write_bytes(picture_bytes(2))
    out = tmp_path / "out"
    said = say("score", shard, tmp_path / "s.*", tmp_path / "z.png", "--model", small_model,
               "--out", out)  # fmt: skip
    assert said.out == f"11 scored, 1 failed: records in {out}\n"
    held = {(Path(r.source).name, r.member) for r in results.read(out)}
    assert {("s.npz", "x_test[2]"), ("s.tar.gz", "x.png"), ("z.png", None)} <= held


def test_a_shard_resumes_by_member(
    small_model: Path, shard: Path, tmp_path: Path, say: Say
) -> None:
    """What was written before the end of a run is not scored again; the rest is."""
    out = tmp_path / "out"
    words = ("score", shard, "--model", small_model, "--out", out)
    say(*words)
    (whole,) = out.rglob("*.gz")
    records = list(results.read(out))
    whole.write_bytes(packing.pack(records[:4]))
    assert say(*words).out.startswith("2 scored, 1 failed, 4 done before: ")
    assert {r.id for r in results.read(out)} == {r.id for r in records}
    assert say(*words).out.startswith("0 scored, 0 failed, 7 done before: ")


@pytest.mark.parametrize("form", ["jsonl.gz", "jsonl"])
def test_json_lines_packed_and_plain(
    small_model: Path, shard: Path, tmp_path: Path, say: Say, form: str
) -> None:
    """The same records, whose files end as asked; a second run in another form resumes."""
    out = tmp_path / "out"
    words = ("score", shard, "--model", small_model, "--out", out, "--format")
    assert say(*words, form).code == 1
    (path,) = (path for path in out.rglob("*") if path.is_file())
    assert path.name.endswith(f".{form}")
    if form == "jsonl":
        assert len([Record.from_json(line) for line in path.read_text().splitlines()]) == 7
    assert say(*words, "csv").out.startswith("0 scored, 0 failed, 7 done before: ")


def test_tables(small_model: Path, shard: Path, tmp_path: Path, say: Say) -> None:
    """A row a record with what it says; run again it resumes; --overwrite removes ours alone."""
    out = tmp_path / "out"
    words = ("score", shard, "--model", small_model, "--out", out, "--format", "csv")
    assert say(*words).code == 1
    printed = say("score", shard, "--model", small_model)
    for row, line in zip(rows(out), printed.out.splitlines(), strict=True):
        expected = json.loads(line)
        assert json.loads(row.pop("top")) == expected["top"]
        assert row.pop("at") < expected["at"]
        assert row == {name: str(expected[name] or "") for name in row}
    assert say(*words).out.startswith("0 scored, 0 failed, 7 done before: ")
    (out / "dt=2026-01-01").mkdir()
    for name in ("mine.csv", "dt=2026-01-01/mine.csv"):
        (out / name).write_text("my,own\n")
    assert say(*words, "--overwrite").out.startswith("6 scored, 1 failed: ")
    assert (out / "mine.csv").exists()
    assert (out / "dt=2026-01-01" / "mine.csv").exists()


def test_another_models_table_is_refused(
    small_model: Path, bare_model: Path, shard: Path, tmp_path: Path, say: Say
) -> None:
    """As JSON lines are."""
    out = tmp_path / "out"
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(LABELS))
    say("score", shard, "--model", small_model, "--out", out, "--format", "csv")
    said = say("score", shard, "--model", bare_model, "--labels", labels, "--out", out)
    assert said.code == 2
    assert "holds records of another model" in said.refusal()


def test_folders_for_classes(small_model: Path, shard: Path, tmp_path: Path, say: Say) -> None:
    """Accuracy and confusion count what the records say, a resumed run's too."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.png").write_bytes(picture_bytes(1))
    out = tmp_path / "out"
    words = ("score", shard, tmp_path / "elsewhere", "--model", small_model, "--evaluate")
    first = json.loads(say(*words, "--out", out, "--json").out)
    expected = np.zeros((3, 3), int)
    for record in results.read(out):
        if record.label and record.member:
            folder = record.member.partition("/")[0]
            expected[LABELS.index(folder), LABELS.index(record.label)] += 1
    assert first["confusion"] == expected.tolist()
    assert (first["n"], first["labels"]) == (6, list(LABELS))
    assert first["accuracy"] == expected.trace() / 6
    assert first["elsewhere"] == {"elsewhere": 1}
    again = json.loads(say(*words, "--out", out, "--json").out)
    assert (again["skipped"], again["scored"]) == (8, 0)
    assert again["confusion"] == first["confusion"]
    told = say(*words, "--out", out).out.splitlines()
    assert told[1] == f"accuracy {first['accuracy']:.4f} over 6 images"
    assert told[-1] == "1 images in folders that no class is named after: elsewhere"
    printed = say(*words)
    assert len(printed.out.splitlines()) == 8
    assert printed.err.splitlines() == told[1:]


def test_what_was_taken_for_what() -> None:
    """Most first; right ones and failures are no confusion."""
    truth = FolderTruth(("ant", "bee", "cat"))
    assert truth.sentences() == [
        "no scored image lies in a folder named after a class (ant, bee, cat...)"
    ]
    assert truth.accuracy is None
    for source, member, label, times in (
        ("d/ant/1.png", None, "ant", 3),
        ("s3://b/bee/1.png", None, "cat", 2),
        ("cat/s.zip", "x/ant/1.png", "cat", 4),
        ("ant/1.png", None, None, 5),
    ):
        for _ in range(times):
            truth.count(source, member, label)
    assert truth.sentences() == [
        "accuracy 0.3333 over 9 images",
        "  ant taken for cat: 4",
        "  bee taken for cat: 2",
    ]


def test_patterns_and_manifests(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> None:
    """What is left out has no record; a manifest of paths resumes like a folder."""
    listed = tmp_path / "m.csv"
    listed.write_text(f"source\n{photos}/0.png\n{photos}/1.png\n{photos}/gone.png\n")
    words = ("score", f"@{listed}", photos, "--exclude", "[0]*", "--exclude", "4.*")
    out = tmp_path / "out"
    said = say(*words, "--model", small_model, "--out", out)
    assert said.out == f"4 scored, 1 failed: records in {out}\n"
    kinds = {Path(r.source).name: r.kind for r in results.read(out)}
    assert kinds == {"1.png": None, "gone.png": "gone", "2.png": None, "3.png": None}
    again = say(*words, "--model", small_model, "--out", out)
    assert again.out.startswith("0 scored, 0 failed, 5 done before: ")
