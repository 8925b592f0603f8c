"""Tables of records read back: the same records as JSON lines, whatever their names hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from litescore import packing, results
from litescore.errors import ConfigurationError, PermanentError
from litescore.record import Record, Subject
from tests.litescore.conftest import Say, picture_bytes
from tests.litescore.packed import zip_of
from tests.rig.stub_s3 import StubS3

NAME = f"dt=2026-01-02/{'0' * 12}-{'a' * 64}.csv"
ROW = np.array([0.1, 0.9], np.float32)
NAMES = [
    "a b.png",
    'a,"b".png',
    "line\nbreak\r.png",
    "\U0001f41d.png",
    "null.png",
    "\udcff.png",
    "\\udcff.png",
    "\\ud7ff\\n.png",
]


def scored(subject: Subject) -> Record:
    """A record of the subject."""
    return Record.scored(subject, ROW, labels=("an, ant", 'a "bee"'), model="m")


def put(path: Path, records: Iterable[Record]) -> None:
    """Records as a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packing.pack(records, "csv"))


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    """Names of every kind, members, versions, failed and superseded ones: all as they were."""
    records = [scored(Subject(name, etag="e", version="v1")) for name in NAMES]
    records += [scored(Subject("s.zip", name)) for name in NAMES]
    failed = Record.failed(Subject("x.png"), PermanentError("corrupt", "cut,\n\\udcff"), model="m")
    records += [failed, failed._replace(id="0", status="superseded", kind=None)]
    put(tmp_path / NAME, records)
    assert list(results.read(tmp_path)) == records


def test_tables_beside_json_lines(tmp_path: Path) -> None:
    """Of one id the best holds, whichever form it lies in; other tables are not looked at."""
    failed = Record.failed(Subject("x.png"), PermanentError("corrupt", "cut"), model="m")
    put(tmp_path / NAME, [failed, scored(Subject("y.png"))])
    better = scored(Subject("x.png"))
    (tmp_path / "more.jsonl").write_text(f"{better.to_json()}\n")
    (tmp_path / "images.csv").write_text("source\nx.png\n")
    (tmp_path / "dt=2026-01-02" / "mine.csv").write_text("my,own\n")
    assert {one.source: one.status for one in results.read(tmp_path)} == {
        "x.png": "scored",
        "y.png": "scored",
    }


def test_a_table_of_another_name(tmp_path: Path) -> None:
    """Named by itself it is read; what is no table of records is refused by its first line."""
    put(tmp_path / "mine.csv", [scored(Subject("x.png"))])
    assert [one.source for one in results.read(tmp_path / "mine.csv")] == ["x.png"]
    assert [one.source for one in results.read(f"file://{tmp_path}/mine.csv")] == ["x.png"]
    (tmp_path / "images.csv").write_text("source\nx.png\n")
    with pytest.raises(ConfigurationError, match=r"images\.csv is no table of records.*'source'"):
        list(results.read(tmp_path / "images.csv"))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda data: data[: data.rindex(b"corrupt")], "line 3 is not a litescore record"),
        (lambda data: data.replace(b"failed", b"done"), "line 3 .*status 'done'"),
        (lambda data: data.replace(b"0.9,", b"sure,"), "line 2 is not a litescore record"),
        (lambda data: data.replace(b"0.9,", b"nan,"), "line 2 .*: score nan"),
        (lambda data: re.sub(rb"[^,]*\r\n$", b"\r\n", data), "line 3 .*: at None"),
        (lambda data: data.replace(b'"[', b'"{'), "line 2 is not a litescore record"),
        (lambda data: data.replace(b"x.png", b"\xff.png"), "is not a litescore record"),
        (lambda data: b"", "its first line is None"),
    ],
)  # fmt: skip
def test_a_broken_table_is_named(tmp_path: Path, broken: object, said: str) -> None:
    """Which object and line, and what is wrong with it."""
    failed = Record.failed(Subject("y.png"), PermanentError("corrupt", "cut"), model="m")
    put(tmp_path / NAME, [scored(Subject("x.png")), failed])
    data = (tmp_path / NAME).read_bytes()
    assert callable(broken)
    assert broken(data) != data
    (tmp_path / NAME).write_bytes(broken(data))
    with pytest.raises(ConfigurationError, match=said) as refused:
        list(results.read(tmp_path))
    assert str(tmp_path / NAME) in str(refused.value)


def test_the_commands_read_what_score_wrote(small_model: Path, tmp_path: Path, say: Say) -> None:
    """Tables of files and of members: counted and balanced as JSON lines are."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(picture_bytes(number))
    (folder / "s.zip").write_bytes(zip_of({"a.png": picture_bytes(4), "bad.png": b"bad"}))
    printed = []
    for form in ("csv", "jsonl"):
        place = tmp_path / form
        words = ("score", folder, "--model", small_model, "--out", place, "--format", form)
        assert say(*words).code == 1
        assert {path.suffix for path in place.rglob("*") if path.is_file()} == {f".{form}"}
        balanced = say("reconcile", folder, place, "--members")
        assert (balanced.code, balanced.out) == (0, "5 listed: 0 missing, 0 double\n")
        printed.append(say("results", place).out)
    assert printed[0] == printed[1]
    assert printed[0].startswith("5 images\n")


def test_in_s3(stub: StubS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a prefix, and one by its URL."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    table = packing.pack([scored(Subject("x.png"))], "csv")
    stub.objects["stub", f"out/{NAME}"] = stub.objects["stub", "mine.csv"] = table
    stub.objects["stub", "out/other.csv"] = b"my,own\n"
    for place in ("s3://stub/out/", f"s3://stub/out/{NAME}", "s3://stub/mine.csv"):
        assert [one.source for one in results.read(place)] == ["x.png"]


def test_no_records_says_what_is_read(tmp_path: Path, say: Say) -> None:
    """A folder of other tables: exit code 2, and the line names the forms."""
    (tmp_path / "mine.csv").write_text("my,own\n")
    said = say("results", tmp_path)
    assert said.code == 2
    assert said.refusal().endswith(
        ".jsonl, .jsonl.gz, or tables as `score --format csv` names them"
    )
