"""Manifests of every form: what they list, and the line that they are refused for."""

from __future__ import annotations

import csv
import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from litescore import manifests
from litescore.errors import ConfigurationError
from litescore.record import Subject
from tests.rig.stub_s3 import StubS3

KEYS = ("in/a b.png", "in/a+b.png", "in/a%2Bb.png", "in/é,😀.png", 'in/"q".png', "k" * 1024)
SUBJECTS = [Subject(f"s3://b/{key}", etag=f"e{n}", version=f"v{n}") for n, key in enumerate(KEYS)]
SCHEMA = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag"


def json_lines(path: Path) -> Path:
    """KEYS as `bucket` and `key`."""
    rows = (
        {"bucket": "b", "key": k, "etag": f'"e{n}"', "version": f"v{n}"} for n, k in _numbered()
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def table(path: Path) -> Path:
    """KEYS as a CSV with a header, as a spreadsheet on Windows writes it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ETag", "source", "version", "note"])
        writer.writerows((f"e{n}", f"s3://b/{key}", f"v{n}", "") for n, key in _numbered())
    return path


def inventory(folder: Path, bucket: str = "reports") -> Path:
    """KEYS as S3 Inventory describes and writes them, between what is not to be scored."""
    rows = [_entry(quote_plus(key, safe="/"), f"v{n}", etag=f"e{n}") for n, key in _numbered()]
    rows.insert(1, _entry("in/", "v9", size="0"))
    rows.insert(2, _entry("in/old.png", "v8", latest="false"))
    rows.insert(3, _entry("in/deleted.png", "v7", marker="true", size=""))
    (folder / "data").mkdir(parents=True)
    with gzip.open(folder / "data" / "1.csv.gz", "wt", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    path = folder / "2026-11-01T01-00Z" / "manifest.json"
    path.parent.mkdir()
    held = {
        "sourceBucket": "b",
        "destinationBucket": f"arn:aws:s3:::{bucket}",
        "version": "2016-11-30",
        "fileFormat": "CSV",
        "fileSchema": SCHEMA,
        "files": [{"key": "inv/b/all/data/1.csv.gz", "size": 1, "MD5checksum": "0"}],
    }
    path.write_text(json.dumps(held))
    return path


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(KEYS))


def _entry(
    key: str, version: str, *, etag: str = "", latest: str = "true", marker: str = "false",
    size: str = "9",
) -> list[str]:  # fmt: skip
    return ["b", key, version, latest, marker, size, "2026-10-31T00:00:00.000Z", etag]


@pytest.mark.parametrize(("write", "name"), [(json_lines, "m.jsonl"), (table, "m.csv")])
def test_lines_and_tables(write: Callable[[Path], Path], name: str, tmp_path: Path) -> None:
    """Raw keys of every sort, packed and plain, by path and by URL."""
    path = write(tmp_path / name)
    assert list(manifests.read(str(path))) == SUBJECTS
    assert list(manifests.read(f"file://{path}")) == SUBJECTS
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(manifests.read(str(packed))) == SUBJECTS


def test_an_inventory(tmp_path: Path) -> None:
    """Keys are decoded; markers, deletions and older versions are left out."""
    assert list(manifests.read(str(inventory(tmp_path)))) == SUBJECTS


def test_an_inventory_beside_its_description(tmp_path: Path) -> None:
    """Copied into one folder."""
    path = inventory(tmp_path)
    (tmp_path / "data" / "1.csv.gz").rename(path.parent / "1.csv.gz")
    assert list(manifests.read(str(path))) == SUBJECTS


def test_from_a_bucket(tmp_path: Path, stub: StubS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest in S3, and an inventory in the bucket it was delivered to."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    described = inventory(tmp_path, "stub")
    stub.objects["stub", "m.jsonl"] = json_lines(tmp_path / "m.jsonl").read_bytes()
    stub.objects["stub", "inv/manifest.json"] = described.read_bytes()
    stub.objects["stub", "inv/b/all/data/1.csv.gz"] = (tmp_path / "data/1.csv.gz").read_bytes()
    assert list(manifests.read("s3://stub/m.jsonl")) == SUBJECTS
    assert list(manifests.read("s3://stub/inv/manifest.json")) == SUBJECTS
    with pytest.raises(ConfigurationError, match=r"cannot read manifest s3://stub/no\.csv: no obj"):
        list(manifests.read("s3://stub/no.csv"))


@pytest.mark.parametrize("key", ["\udcff.csv", f"{'k' * 1100}.csv"])
def test_a_key_that_no_object_has(key: str) -> None:
    """Refused in one line before S3 is asked, as an image's is."""
    with pytest.raises(ConfigurationError, match=r"cannot read manifest .*(UTF-8|1,024 at most)"):
        next(manifests.read(f"s3://stub/{key}"))


def test_paths_and_what_is_not_known(tmp_path: Path) -> None:
    """Sources may be paths; empty fields and blank lines count as not there."""
    path = tmp_path / "m.csv"
    path.write_text('bucket,key,etag,source\n,,,photos/1.png\n\nb,"x,y.png",,\n')
    assert list(manifests.read(str(path))) == [Subject("photos/1.png"), Subject("s3://b/x,y.png")]
    path = tmp_path / "m.jsonl"
    path.write_text('{"source": "a.png", "etag": null}\n\n')
    assert list(manifests.read(str(path))) == [Subject("a.png")]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("m.jsonl", '{"source": "a"}\n{"source"', r"m\.jsonl line 2: Expecting"),
        ("m.jsonl", "[1]", r"m\.jsonl line 1: no object of source, or bucket and key"),
        ("m.jsonl", '{"key": "a"}', r"line 1: it lacks source, or bucket and key"),
        ("m.jsonl", '{"source": 7}', "line 1: .* are text"),
        ("m.jsonl", b"\xff\xfe", r"m\.jsonl is not a whole manifest"),
        ("m.jsonl.gz", b"plain", r"m\.jsonl\.gz is not a whole manifest"),
        ("m.csv", "a.png\nb.png\n", r"m\.csv has no header with source, .*manifest\.json"),
        ("m.csv", "", "has no header"),
        ("m.csv", "source,etag\na.png\n", "line 2: 1 columns, not 2"),
        ("m.csv", 'source\n"a', "line 2: unexpected end of data"),
        ("m.csv", "source\n\n\nbucket\n" + '"",\n', "line 5: 2 columns, not 1"),
        ("m.json", "{}", r"m\.json is no manifest\.json of an S3 Inventory"),
        ("m.json", "[", r"m\.json is no manifest\.json of an S3 Inventory"),
        ("m.txt", "", r"m\.txt is no manifest: \.jsonl, \.csv"),
    ],
)
def test_refusals(name: str, text: str | bytes, why: str, tmp_path: Path) -> None:
    """One line that names the file, the line and what would do."""
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError, match=why) as refused:
        list(manifests.read(str(tmp_path / name)))
    assert "\n" not in str(refused.value)


def test_other_inventories_are_refused(tmp_path: Path) -> None:
    """Parquet and ORC are other formats."""
    path = inventory(tmp_path)
    path.write_text(path.read_text().replace('"CSV"', '"Parquet"'))
    with pytest.raises(ConfigurationError, match="describes Parquet files"):
        list(manifests.read(str(path)))


@pytest.mark.parametrize("place", ["file", "object"])
def test_a_long_list_is_not_held(
    place: str, tmp_path: Path, stub: StubS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 40 MB a few are in memory at once, where it is a file and where it is an object of S3."""
    line = json.dumps({"source": f"s3://b/{'k' * 1000}", "etag": "e"}) + "\n"
    data = line.encode() * 40_000
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "long.jsonl"
    if place == "file":
        path.write_bytes(data)
    stub.objects["stub", "long.jsonl"] = data
    tracemalloc.start()
    try:
        rows = manifests.read(str(path) if place == "file" else "s3://stub/long.jsonl")
        assert next(rows).etag == "e"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(data) / 2, peak
