"""One data set of pictures in every form that it can have on a disk."""

from __future__ import annotations

import csv
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from litescore import dataset, image
from litescore.dataset import SPLITS
from litescore.errors import DataError

COUNTS = {"ant": 6, "bee big": 11, "7": 5, "10": 4}


def write_classes(folder: Path, counts: dict[str, int] | None = None, first: int = 0) -> Path:
    """A class folder of small pictures, no two the same, some of them deeper."""
    for place, (label, count) in enumerate((counts or COUNTS).items()):
        for number in range(count):
            pixels = np.full((4, 3), 60 * place + first + number, np.uint8)
            deep = folder / label / ("deep" if number % 3 == 1 else "")
            deep.mkdir(parents=True, exist_ok=True)
            (deep / f"{number:02}.png").write_bytes(image.encode_png(pixels))
    return folder


def write_parts(folder: Path, parts: Iterable[str] = SPLITS) -> Path:
    """A folder in parts."""
    for place, part in enumerate(parts):
        write_classes(folder / part, first=20 * place)
    return folder


def files(folder: Path) -> list[Path]:
    """All files below a folder, last names first: no reader may count on an order."""
    return sorted((path for path in folder.rglob("*") if path.is_file()), reverse=True)


def zipped(folder: Path, path: Path, top: str = "") -> Path:
    """The folder as a zip, below the folder `top` where one is given."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, file in enumerate(files(folder)):
            method = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[number % 2]
            archive.write(file, Path(top, file.relative_to(folder)), method)
    return path


def tarred(folder: Path, path: Path, top: str = ".") -> Path:
    """The folder as a tar, gzipped where the name says so."""
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for file in files(folder):
            archive.add(file, Path(top, file.relative_to(folder)))
    return path


def rows_of(folder: Path, prefix: str = "") -> list[dict[str, str]]:
    """The rows of a manifest of the folder."""
    rows = []
    for file in files(folder):
        path = file.relative_to(folder)
        parted = path.parts[0] in SPLITS
        row = {"path": prefix + path.as_posix(), "label": path.parts[1 if parted else 0]}
        rows.append(row | ({"split": path.parts[0]} if parted else {}))
    return rows


def csv_of(rows: list[dict[str, str]], path: Path, delimiter: str = ",") -> Path:
    """Rows as CSV, as a spreadsheet saves them: with a byte order mark."""
    with path.open("w", encoding="utf-8-sig", newline="") as text:
        lines = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
        lines.writeheader()
        lines.writerows(rows)
    return path


def json_lines_of(rows: list[dict[str, str]], path: Path) -> Path:
    """Rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


# Each form of a folder on disk: (the folder, where to write) -> what to load.
FORMS: dict[str, Callable[[Path, Path], Path]] = {
    "zip": lambda folder, out: zipped(folder, out / "photos.zip"),
    "wrapped zip": lambda folder, out: zipped(folder, out / "w.ZIP", "My photos"),
    "tar": lambda folder, out: tarred(folder, out / "photos.tar"),
    "wrapped tar": lambda folder, out: tarred(folder, out / "w.tar", "photos"),
    "tar.gz": lambda folder, out: tarred(folder, out / "photos.tar.gz"),
    "tgz": lambda folder, out: tarred(folder, out / "photos.tgz", "top"),
    "csv": lambda folder, _out: csv_of(rows_of(folder), folder / "list.csv"),
    "semicolons": lambda folder, _out: csv_of(rows_of(folder), folder / "excel.csv", ";"),
    "absolute": lambda folder, out: csv_of(rows_of(folder, f"{folder}/"), out / "abs.csv"),
    "json lines": lambda folder, _out: json_lines_of(rows_of(folder), folder / "list.jsonl"),
}


def refused(place: Path, words: str, split: str = "train") -> None:
    """One line that begins with the file and says these words."""
    with pytest.raises(DataError, match=words) as raised:
        dataset.load(place, split)
    (line,) = str(raised.value).splitlines()
    assert place.name in line
