"""`litescore score --share`: together everything, never twice, in parallel into one place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litescore import results
from litescore.errors import UsageError
from litescore.record import Subject
from litescore.scoring.share import Share
from tests.litescore.conftest import Say, picture_bytes
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import Fault, StubS3

COMMAND = (sys.executable, "-m", "litescore", "score")


def comparable(place: str | Path) -> list[tuple[object, ...]]:
    """Every record at a place, those written twice included, but for the time of scoring."""
    found = [(r.id, r.source, r.status, r.label, r.score) for r in results.written(str(place))]
    return sorted(found, key=str)


def put_pictures(folder: Path, number: int) -> Path:
    """A folder of so many pictures and one that is none."""
    folder.mkdir()
    for one in range(number):
        (folder / f"{one:03}.png").write_bytes(picture_bytes(one))
    (folder / "bad.png").write_bytes(b"bad")
    return folder


def list_of(folder: Path) -> Path:
    """A manifest of a folder's files."""
    lines = [json.dumps({"source": str(path)}) + "\n" for path in sorted(folder.iterdir())]
    path = folder.parent / "list.jsonl"
    path.write_text("".join(lines))
    return path


@given(st.lists(st.text(min_size=1)), st.integers(1, 70))
def test_shares_are_a_partition(names: list[str], count: int) -> None:
    """Each subject is in exactly one share, in the list's order; of a list sizes differ by one."""
    subjects = [Subject(name) for name in names]
    shares = [Share(index, count) for index in range(count)]
    listed = [list(filter(share.by_position(), subjects)) for share in shares]
    assert sorted(s.source for part in listed for s in part) == sorted(names)
    assert max(map(len, listed)) - min(map(len, listed)) <= 1
    assert all(sum(share.by_name(one) for share in shares) == 1 for one in subjects)


@given(st.sets(st.text(min_size=1)), st.sets(st.text(min_size=1)), st.integers(1, 9))
def test_what_is_put_meanwhile_moves_nothing(
    before: set[str], meanwhile: set[str], count: int
) -> None:
    """Of a listing an image stays in its share whatever else is listed when that share begins."""
    for share in (Share(index, count) for index in range(count)):
        first = {one for one in before if share.by_name(Subject(one))}
        later = {one for one in sorted(before | meanwhile) if share.by_name(Subject(one))}
        assert later & before == first


def test_every_machine_takes_the_same_shares() -> None:
    """A number known for ever: each process asks for itself, on whatever Python."""
    names = ("s3://b/in/0.png", "s3://b/in/1.png", "s3://b/in/\u00e4.png", "s3://b/in/a b.png")
    taken = [[Share(index, 8).by_name(Subject(name)) for index in range(8)] for name in names]
    assert [one.index(True) for one in taken] == [1, 1, 4, 7]


@pytest.mark.parametrize(
    ("words", "environ", "meant"),
    [
        ("0/1", {}, (0, 1)),
        ("63/64", {}, (63, 64)),
        ("array/64", {"AWS_BATCH_JOB_ARRAY_INDEX": "7"}, (7, 64)),
        (
            "array/64",
            {"AWS_BATCH_JOB_ARRAY_INDEX": "7", "AWS_BATCH_JOB_ARRAY_SIZE": "64"},
            (7, 64),
        ),
        ("array", {"AWS_BATCH_JOB_ARRAY_INDEX": "7", "AWS_BATCH_JOB_ARRAY_SIZE": "9"}, (7, 9)),
    ],
    ids=["only", "last", "array-of", "array-of-told", "array"],
)
def test_a_share_in_words(words: str, environ: dict[str, str], meant: tuple[int, int]) -> None:
    """By number, or as AWS Batch tells each process of an array job."""
    assert Share.parse(words, environ) == Share(*meant)


@pytest.mark.parametrize(
    ("words", "environ", "why"),
    [
        ("64/64", {}, "of 64 shares the first is 0, the last 63"),
        ("0/0", {}, "of 0 shares"),
        ("-1/4", {}, "--share -1/4: I/N"),
        ("1", {}, "--share 1: I/N"),
        ("first/4", {}, "--share first/4: I/N"),
        ("1/4/2", {}, "--share 1/4/2: I/N"),
        ("\u0661/4", {}, "I/N"),
        ("array/64", {}, "AWS_BATCH_JOB_ARRAY_INDEX is not set"),
        ("array", {"AWS_BATCH_JOB_ARRAY_INDEX": "1"}, "AWS_BATCH_JOB_ARRAY_SIZE is not set"),
        (
            "array/64",
            {"AWS_BATCH_JOB_ARRAY_INDEX": "1", "AWS_BATCH_JOB_ARRAY_SIZE": "32"},
            "this array job has 32 shares",
        ),
    ],
    ids=["past", "none", "negative", "alone", "word", "three", "digit", "unset", "size", "other"],
)
def test_no_such_share(words: str, environ: dict[str, str], why: str) -> None:
    """One line that says why; above all where images would be left out."""
    with pytest.raises(UsageError) as refused:
        Share.parse(words, environ)
    assert why in str(refused.value)


@pytest.mark.parametrize("source", ["manifest", "folder"])
def test_the_shares_of_one_place(source: str, small_model: Path, tmp_path: Path, say: Say) -> None:
    """One after another into one folder: the records of one run; each again skips its own."""
    folder = put_pictures(tmp_path / "in", 20)
    named = f"@{list_of(folder)}" if source == "manifest" else str(folder)
    say("score", named, "--model", small_model, "--out", tmp_path / "whole")
    shares = [
        (*("score", named, "--model", small_model, "--out", tmp_path / "parts", "--json"),
         "--share", f"{index}/3")
        for index in range(3)
    ]  # fmt: skip
    told = [json.loads(say(*words).out) for words in shares]
    sizes = [one["scored"] + one["failed"] for one in told]
    assert sum(sizes) == 21
    if source == "manifest":
        assert sizes == [7, 7, 7]
    assert comparable(tmp_path / "parts") == comparable(tmp_path / "whole")
    again = [json.loads(say(*words).out) for words in shares]
    assert [one["skipped"] for one in again] == sizes
    assert [one["scored"] for one in again] == [0, 0, 0]


def test_an_empty_share_is_no_error(small_model: Path, tmp_path: Path, say: Say) -> None:
    """An array job may have more shares than there are images."""
    manifest = list_of(put_pictures(tmp_path / "in", 2))
    said = say("score", f"@{manifest}", "--model", small_model, "--out", tmp_path / "out",
               "--share", "5/9")  # fmt: skip
    assert (said.code, said.out) == (0, f"0 scored, 0 failed: records in {tmp_path / 'out'}\n")


def test_a_share_that_may_read_nothing_is_an_error(
    small_model: Path, stub: StubS3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, say: Say
) -> None:
    """As of a whole run: a role without permission must not become thousands of records."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    keys = [f"{number}.png" for number in range(4)]
    stub.objects = {("stub", key): picture_bytes(1) for key in keys}
    stub.faults = [Fault(status=403, method="GET", key=key) for key in keys]
    manifest = tmp_path / "list.jsonl"
    manifest.write_text("".join(f'{{"source": "s3://stub/{key}"}}\n' for key in keys))
    said = say("score", f"@{manifest}", "--model", small_model, "--out", tmp_path / "out",
               "--share", "1/2")  # fmt: skip
    assert (said.code, "every object is denied, s3://stub/1.png first" in said.refusal()) == (
        3, True,
    )  # fmt: skip


def test_a_share_does_not_remove_the_others(small_model: Path, tmp_path: Path, say: Say) -> None:
    """--overwrite is of a whole run only."""
    folder = put_pictures(tmp_path / "in", 2)
    said = say("score", folder, "--model", small_model, "--out", tmp_path / "out",
               "--share", "0/2", "--overwrite")  # fmt: skip
    assert said.code == 2
    assert said.refusal().startswith("--overwrite would remove what other shares wrote")


def test_an_array_job_is_one_run(s3: S3, bucket: str, small_model: Path) -> None:
    """Four processes at once, as AWS Batch starts them: the very records that one process writes."""
    lines = []
    for number in range(60):
        key = f"in/{number:02} a+b.png"
        body = picture_bytes(number) if number % 7 else b"no picture"
        etag = s3.client.put_object(Bucket=bucket, Key=key, Body=body)["ETag"]
        lines.append(json.dumps({"bucket": bucket, "key": key, "etag": etag}) + "\n")
    s3.client.put_object(Bucket=bucket, Key="list.jsonl", Body="".join(lines).encode())
    environ = os.environ | dict(s3.environ)

    def begin(out: str, *words: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, f"@s3://{bucket}/list.jsonl", "--model", str(small_model),
             "--out", f"s3://{bucket}/{out}/", *words],
            env=environ | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    processes = [
        begin("parts", "--share", "array/4", AWS_BATCH_JOB_ARRAY_INDEX=str(index),
              AWS_BATCH_JOB_ARRAY_SIZE="4")
        for index in range(4)
    ]  # fmt: skip
    said = [process.communicate(timeout=60) for process in (*processes, begin("whole"))]
    assert [process.returncode for process in processes] == [1, 1, 1, 1], said
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environ.items():
            patch.setenv(name, value)
        whole = comparable(f"s3://{bucket}/whole/")
        assert len(whole) == 60
        assert comparable(f"s3://{bucket}/parts/") == whole


def test_what_a_reclaimed_machine_had_scored_is_kept(small_model: Path, tmp_path: Path) -> None:
    """SIGTERM in the midst of a share: its records are written, and another try does the rest."""
    manifest = list_of(put_pictures(tmp_path / "in", 400))
    manifest.write_text(manifest.read_text() * 200)
    out = tmp_path / "out"
    words = [*COMMAND, f"@{manifest}", "--model", str(small_model), "--out", str(out),
             "--share", "1/2", "--threads", "1"]  # fmt: skip
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and _cpu(process.pid) < 1.3:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("what is scored by now is in ")
    assert err.endswith("\nstopped\n")
    kept = list(results.written(str(out)))
    assert 0 < len(kept) < 40_000


def _cpu(pid: int) -> float:
    import psutil

    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
