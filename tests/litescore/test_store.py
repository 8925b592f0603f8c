"""Bytes behind paths, and what stands for an ETag there."""

from __future__ import annotations

from pathlib import Path

import pytest

from litescore import store
from litescore.errors import ConfigurationError, PermanentError
from litescore.record import Subject


def test_reads_a_path_and_a_file_url(tmp_path: Path) -> None:
    """Both name the same file; size and mtime stand for its ETag."""
    path = tmp_path / "a b.png"
    path.write_bytes(b"x")
    status = path.stat()
    for source in (str(path), f"file://{path}"):
        blob = store.read(Subject(source), max_bytes=10)
        assert (blob.data, blob.version) == (b"x", None)
        assert blob.etag == f"{status.st_size}-{status.st_mtime_ns}" == store.file_etag(path)


def test_refusals_name_the_file(tmp_path: Path) -> None:
    """Missing, too large and not a file at all."""
    big = tmp_path / "big"
    big.write_bytes(b"x" * 10_001)
    for source, kind in ((tmp_path / "none", "gone"), (big, "too-large"), (tmp_path, "unsupp")):
        with pytest.raises(PermanentError, match=kind):
            store.read(Subject(str(source)), max_bytes=10_000)


def test_lists_folders_in_order_and_single_files(tmp_path: Path) -> None:
    """Folders are walked in order of name; a listing's ETag is the reading's."""
    for name in ("b.png", "a/c.png", "a/a.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    found = list(store.list_objects(str(tmp_path)))
    assert [Path(entry.source).name for entry in found] == ["a.txt", "c.png", "b.png"]
    rest = store.list_objects(str(tmp_path), found[0].source)
    assert [entry.source for entry in rest] == [entry.source for entry in found[1:]]
    (one,) = store.list_objects(str(tmp_path / "b.png"))
    assert one.etag == store.read(one.subject, max_bytes=10).etag
    with pytest.raises(ConfigurationError, match="no such file or folder"):
        list(store.list_objects(str(tmp_path / "none")))


def test_create_writes_once(tmp_path: Path) -> None:
    """As in S3, the first writer wins."""
    url = str(tmp_path / "deep" / "out")
    assert store.create(url, b"one")
    assert not store.create(url, b"two")
    assert Path(url).read_bytes() == b"one"
    store.delete(url)
    assert not store.exists(url)
