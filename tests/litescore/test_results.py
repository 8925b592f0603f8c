"""Reading records back: which of several holds, and what they count to."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from litescore import results
from litescore.errors import ConfigurationError, PermanentError
from litescore.record import Record, Subject
from tests.rig.stub_s3 import StubS3

EARLY, LATE = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"


def record(name: str, status: str = "scored", at: str = EARLY, model: str = "m") -> Record:
    """A record of the image called so."""
    if status == "scored":
        row = np.array([0.25, 0.75], np.float32)
        made = Record.scored(Subject(name), row, labels=("ant", "bee"), model=model)
    else:
        made = Record.failed(Subject(name), PermanentError("corrupt", status), model=model)
    return replace(made, status=status, at=at)


def write(path: Path, records: Iterable[Record]) -> None:
    """Records as a file, gzipped by its name."""
    data = "".join(one.to_json() + "\n" for one in records).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def test_plain_and_gzipped_files_anywhere_below(tmp_path: Path) -> None:
    """Every .jsonl and .jsonl.gz, in order of name; other files are not looked at."""
    write(tmp_path / "dt=2026-01-02" / "b.jsonl", [record("two")])
    write(tmp_path / "dt=2026-01-01" / "a.jsonl.gz", [record("one"), record("three")])
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "c.json").write_text("{}")
    assert [one.source for one in results.read(tmp_path)] == ["one", "three", "two"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_one_file(tmp_path: Path, name: str) -> None:
    """A path to a single file."""
    write(tmp_path / name, [record("one"), record("two")])
    assert list(results.read(tmp_path / name)) == [record("one"), record("two")]
    assert list(results.read(str(tmp_path / name))) == [record("one"), record("two")]


LADDER = [
    record("x", "superseded", EARLY),
    record("x", "superseded", LATE),
    record("x", "failed", EARLY),
    record("x", "failed", LATE),
    record("x", "scored", EARLY),
    record("x", "scored", LATE),
]


PAIRS = list(itertools.combinations(range(len(LADDER)), 2))


@pytest.mark.parametrize(("lower", "higher"), PAIRS)
def test_the_better_of_two_holds(tmp_path: Path, lower: int, higher: int) -> None:
    """Scored over failed over superseded, then the latest: whichever file comes first."""
    for first, second in ((lower, higher), (higher, lower)):
        write(tmp_path / "1.jsonl", [LADDER[first]])
        write(tmp_path / "2.jsonl.gz", [LADDER[second]])
        assert list(results.read(tmp_path)) == [LADDER[higher]]


def test_other_images_and_models_are_kept_apart(tmp_path: Path) -> None:
    """Only equal ids are the same: an image under two models counts twice."""
    records = [record("x"), record("y"), record("x", model="n")]
    write(tmp_path / "1.jsonl", [*records, record("x")])
    assert list(results.read(tmp_path)) == records


def test_records_keep_the_place_of_their_first(tmp_path: Path) -> None:
    """A better record takes the place of the one it beats."""
    write(tmp_path / "1.jsonl", [record("x", "failed"), record("y"), record("x")])
    assert [(one.source, one.status) for one in results.read(tmp_path)] == [
        ("x", "scored"),
        ("y", "scored"),
    ]


def test_nothing_there(tmp_path: Path) -> None:
    """An empty folder holds no records; a missing one is an error."""
    assert list(results.read(tmp_path)) == []
    with pytest.raises(ConfigurationError, match="no such file or folder"):
        list(results.read(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.jsonl", b"hello\n", "not a litescore record of schema 1: b'hello'"),
        ("half.jsonl", record("x").to_json().encode()[:-5], "not a litescore record"),
        ("text.jsonl.gz", b"hello\n", "is not a whole gzip file"),
        ("empty.jsonl.gz", b"", ""),
        ("half.jsonl.gz", gzip.compress(record("x").to_json().encode())[:40], "not a whole gzip"),
        ("damaged.jsonl.gz", gzip.compress(b"x" * 99)[:12] + b"\xff" * 20, "not a whole gzip"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """Which file, and what is wrong with it."""
    (tmp_path / name).write_bytes(content)
    if not said:
        assert list(results.read(tmp_path)) == []
        return
    with pytest.raises(ConfigurationError, match=said) as refused:
        list(results.read(tmp_path))
    assert str(tmp_path / name) in str(refused.value)


def test_records_in_s3(stub: StubS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefix, over more than one page of the listing."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    stub.page = 2
    for number in range(5):
        data = gzip.compress(record(f"image {number}").to_json().encode())
        stub.objects["stub", f"records/dt=2026-01-01/{number}.jsonl.gz"] = data
    stub.objects["stub", "elsewhere/x.jsonl"] = b"not ours"
    found = [one.source for one in results.read("s3://stub/records/")]
    assert found == [f"image {number}" for number in range(5)]


def test_counts() -> None:
    """Of statuses, labels, kinds of failure and models."""
    records = [record("a"), record("b"), record("c", "failed"), record("d", model="n")]
    counts = results.count(records)
    assert counts.images == 4
    assert counts.statuses == {"scored": 3, "failed": 1}
    assert counts.labels == {"bee": 3}
    assert counts.kinds == {"corrupt": 1}
    assert counts.models == {"m": 3, "n": 1}
