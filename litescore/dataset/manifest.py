"""Manifests: tables of `path, label` and, if known, `split`, as CSV or JSON lines."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litescore.dataset import bucket
from litescore.dataset.bucket import Bucket
from litescore.dataset.folder import Folder
from litescore.dataset.picture import Picture, is_inside, label_of
from litescore.dataset.rows import PARTS, Part, Row, Rows
from litescore.errors import DataError
from litescore.store.s3 import is_s3

_COLUMNS = "path, label and, if known, split"
_DELIMITERS = (",", ";", "\t")
# Missing files that a message names; where there are more a file lists all of them.
_SHOWN = 20


@dataclass(frozen=True)
class _Line:
    """A row of the table, and where it stands for people."""

    where: str
    path: str
    label: str
    split: str | None


def labelled(path: Path, url: str, title: str) -> Rows:
    """The labelled pictures that the manifest at `path` names, which people know as `url`.

    Paths are taken from the manifest's own folder, be it on disk or in S3. Raises DataError naming
    the line that has no meaning, and every picture that is not there.
    """
    lines = list(_read(path, url))
    if not lines:
        raise DataError(f"{url} names no pictures: a row each of {_COLUMNS}")
    _check(lines)
    pictures = _pictures(lines, url)
    parts = sorted({line.split for line in lines}, key=str)
    held = {
        part: Part.of(
            Row(line.label, picture)
            for line, picture in zip(lines, pictures, strict=True)
            if line.split == part
        )
        for part in parts
    }
    return Rows(title, url, held, noun="split")


def _read(path: Path, url: str) -> Iterator[_Line]:
    reader = _table if url.lower().endswith(".csv") else _json_lines
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            for number, row in reader(text, url):
                yield _line(row, f"{url} line {number}")
    except UnicodeDecodeError as error:
        raise DataError(f"{url} is not in UTF-8 ({error.reason}): save it as CSV UTF-8") from error
    except OSError as error:
        raise DataError(f"cannot read {url}: {error.strerror}") from error
    except csv.Error as error:
        raise DataError(f"{url} is no table: {error}") from error


def _table(text: Iterable[str], url: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    lines = iter(text)
    head = next(lines, "")
    # Spreadsheets of many countries write a semicolon where the comma stands in numbers.
    for delimiter in _DELIMITERS:
        (names,) = list(csv.reader([head], delimiter=delimiter)) or [[]]
        columns = [name.strip().lower() for name in names]
        if {"path", "label"} <= set(columns):
            break
    else:
        raise DataError(
            f"{url} begins with {head.strip()[:80]!r}: its first row names the columns {_COLUMNS}"
        )
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    for row in rows:
        if not any(map(str.strip, row)):
            continue
        number = rows.line_num + 1
        if len(row) != len(columns):
            raise DataError(
                f"{url} line {number} has {len(row)} columns, not {len(columns)}: "
                "put quotes around what has a separator in it"
            )
        yield number, dict(zip(columns, row, strict=True))


def _json_lines(text: Iterable[str], url: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{url} line {number} is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise DataError(f"{url} line {number} is no object of {_COLUMNS}")
        yield number, row


def _line(row: Mapping[str, Any], where: str) -> _Line:
    path, label, split = (_word(row, name, where) for name in ("path", "label", "split"))
    for name, value in (("path", path), ("label", label)):
        if not value:
            raise DataError(f"{where} has no {name}: give one, or take the row away")
    if label.splitlines() != [label]:
        raise DataError(f"{where}: label {label!r} is not one line of text")
    if split and split.lower() not in PARTS:
        raise DataError(f"{where}: split {split!r} is none of {', '.join(PARTS)}")
    return _Line(where, path, label, split.lower() or None)


def _word(row: Mapping[str, Any], name: str, where: str) -> str:
    """A value as text: a whole number is a name too, never an index."""
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DataError(f"{where}: {name} {value!r} is no text: put it in quotes")
    return label_of(str(value)) if name == "label" else str(value).strip()


def _check(lines: list[_Line]) -> None:
    """Raises DataError for rows that contradict each other."""
    without = next((line for line in lines if line.split is None), None)
    if without and any(line.split for line in lines):
        raise DataError(
            f"{without.where} has no split, other rows have: give all rows one, or none"
        )
    seen: dict[str, _Line] = {}
    for line in lines:
        first = seen.setdefault(line.path, line)
        if first is not line:
            raise DataError(
                f"{line.where} names {line.path!r} again, after {first.where.rpartition(' ')[2]}: "
                "leave one of them out"
            )


def _pictures(lines: list[_Line], url: str) -> list[Picture]:
    """One for each line. Raises DataError naming all that are not there."""
    above = url.rpartition("/")[0] + "/"
    if is_s3(url):
        _check_remote(lines)
    local = Folder(str(Path(url).parent))
    places = [_place(line.path, above if is_s3(url) else None, local) for line in lines]
    etags = _etags([where for where in places if isinstance(where, str)])
    pictures = [
        Picture(Bucket(_above(line.path, where)), line.path, etags.get(where, ""))
        if isinstance(where, str)
        else Picture(where, line.path, where.identity(line.path))
        for line, where in zip(lines, places, strict=True)
    ]
    missing = [
        line.path
        for line, where, picture in zip(lines, places, pictures, strict=True)
        if (where not in etags if isinstance(where, str) else not picture.identity)
    ]
    if missing:
        raise DataError(_all_missing(missing, url))
    return pictures


def _check_remote(lines: list[_Line]) -> None:
    """Raises DataError for a path that an object may not name: of this machine, or above its own."""
    for line in lines:
        if not is_s3(line.path) and not is_inside(line.path):
            raise DataError(f"{line.where}: {line.path!r} is no path below the manifest's folder")


def _place(path: str, above: str | None, local: Folder) -> str | Folder:
    """The URL of a picture in S3, or the folder of one on disk."""
    if is_s3(path):
        return path
    return local if above is None else above + path


def _above(path: str, url: str) -> str:
    return url[: len(url) - len(path)]


def _etags(urls: list[str]) -> dict[str, str]:
    """URL -> ETag of those that are there: a listing of each folder, not a question for each."""
    wanted = set(urls)
    folders = sorted({url.rpartition("/")[0] + "/" for url in urls})
    top: list[str] = []
    for folder in folders:
        if not top or not folder.startswith(top[-1]):
            top.append(folder)
    return {
        entry.source: entry.etag or ""
        for folder in top
        for entry in bucket.objects(folder)
        if entry.source in wanted
    }


def _all_missing(missing: list[str], url: str) -> str:
    count = "1 file that is" if len(missing) == 1 else f"{len(missing):,} files that are"
    names = ", ".join(missing[:_SHOWN])
    if len(missing) > _SHOWN:
        names += f", ...{_written(missing)}"
    return f"{url} names {count} not there: {names}; paths are taken from the manifest's folder"


def _written(missing: list[str]) -> str:
    with suppress(OSError):
        with tempfile.NamedTemporaryFile(
            "w", prefix="missing-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.writelines(f"{path}\n" for path in missing)
        return f" (all of them in {file.name})"
    return ""
