"""Manifests that cannot be used: one line that names file, line, value and fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from litescore import dataset
from litescore.errors import DataError
from tests.litescore.labelled import (
    csv_of,
    json_lines_of,
    refused,
    rows_of,
    write_classes,
)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Class folders."""
    return write_classes(tmp_path / "photos")


def test_missing_files_are_all_listed(photos: Path) -> None:
    """A few in words; of many the first, the count, and a file that has them all."""
    rows = rows_of(photos)
    few = [*rows, {"path": "ant/gone.png", "label": "ant"}, {"path": "../x.png", "label": "ant"}]
    place = csv_of(few, photos / "list.csv")
    refused(place, r"names 2 files that are not there: ant/gone\.png, \.\./x\.png; paths are taken")
    many = [{"path": f"gone/{n}.png", "label": "ant"} for n in range(25)]
    json_lines_of(rows + many, photos / "list.jsonl")
    with pytest.raises(DataError, match=r"names 25 files .*gone/19\.png, \.\.\. \(all") as raised:
        dataset.load(photos / "list.jsonl")
    (written,) = re.findall(r"all of them in (.*?)\)", str(raised.value))
    assert Path(written).read_text().split() == [row["path"] for row in many]
    Path(written).unlink()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,label\nant/00.png,\n", "line 2 has no label: give one, or take the row away"),
        ("path,label\n,ant\n", "line 2 has no path"),
        ("path,label\nant/00.png,a,b\n", "line 2 has 3 columns, not 2: put quotes around"),
        ("path,label\nant/00.png,ant\nant/00.png,7\n", "line 3 names 'ant/00.png' again, after 2"),
        ("path,label,split\na.png,a,dev\n", "line 2: split 'dev' is none of train, val, test"),
        ("path,label,split\na.png,a,train\nb.png,b,\n", "line 3 has no split, other rows have"),
        ("file,class\nant/00.png,ant\n", "begins with 'file,class': its first row names the col"),
        ('path,label\na.png,"an\nt"\n', "label 'an.nt' is not one line of text"),
        ("path,label\n", "names no pictures: a row each of path, label and, if known, split"),
        ("", "begins with '': its first row names the columns path, label"),
        ('path,label\n"a.png,ant\n', "is no table: unexpected end of data"),
    ],
)
def test_tables_without_meaning(photos: Path, text: str, words: str) -> None:
    """The line, what is wrong with it, and what to do."""
    place = photos / "list.csv"
    place.write_text(text)
    refused(place, words)


def test_tables_in_another_encoding(photos: Path) -> None:
    """As spreadsheets save them when they are not told."""
    place = photos / "list.csv"
    place.write_bytes("path,label\nant/00.png,Käfer\n".encode("latin-1"))
    refused(place, r"is not in UTF-8 .*: save it as CSV UTF-8")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"path": "a.png"}', "line 1 has no label"),
        ('\n{"path": ', "line 2 is no JSON"),
        ('["a.png", "ant"]', "line 1 is no object of path, label"),
        ('{"path": "a.png", "label": null}', "line 1 has no label"),
    ],
)
def test_json_without_meaning(photos: Path, text: str, words: str) -> None:
    """The same for JSON lines."""
    place = photos / "list.jsonl"
    place.write_text(text)
    refused(place, words)


def test_one_class_and_strange_classes_in_a_manifest(photos: Path) -> None:
    """As in folders."""
    place = photos / "list.csv"
    csv_of([row for row in rows_of(photos) if row["label"] == "ant"], place)
    refused(place, r"one class only \(ant\): a classifier needs at least two")
    rows = [row | {"split": "test" if row["label"] == "7" else "train"} for row in rows_of(photos)]
    csv_of(rows, place)
    words = r"part 'test' has classes that training lacks: 7 \(as .*\.png\); take them out, or"
    refused(place, words, "test")
    csv_of([row for row in rows if row["split"] == "train"], place)
    refused(place, r"list\.csv has no split 'test' \(it has train\)", "test")
