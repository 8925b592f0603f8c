"""Manifests: files that list images instead of holding them.

JSON lines, CSV with a header, and S3 Inventory (CSV, described by its manifest.json). They are
read row by row, so that one of millions costs no more memory than its packed bytes. It does not
know whether what is listed exists.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote_plus

from litescore import store
from litescore.errors import ConfigurationError, PermanentError
from litescore.record import Subject
from litescore.store.s3 import is_s3

_MOST_BYTES = 2**31
_COLUMNS = "source, or bucket and key; etag and version if known"
_FORMS = (
    f".jsonl, .csv with a header (both also .gz) of {_COLUMNS}; or S3 Inventory's manifest.json"
)
# Column of S3 Inventory -> field of ours.
_INVENTORY = {"Bucket": "bucket", "Key": "key", "VersionId": "version", "ETag": "etag"}


def read(url: str) -> Iterator[Subject]:
    """The images that a manifest lists, in its order: a path, file:// or s3:// URL.

    The ending of its name says which form it has:
    - `.jsonl`: objects with `source` (an s3:// URL with the raw key, or a path), or `bucket` and
      `key`; `etag` and `version` if known.
    - `.csv`: the same as columns, named in the first row.
    - `manifest.json` of an S3 Inventory: the CSV files that it names, with URL-encoded keys and
      the columns of its `fileSchema`. Delete markers, older versions and folder markers are left
      out. Copied to a folder, the files are looked for beside it and in `../data/`.
    The first two may be gzipped (`.gz`). A path is taken from the working folder, as on the
    command line. Raises ConfigurationError naming the manifest and the line that has no meaning.
    """
    name = url.removesuffix(".gz")
    if name.endswith(".jsonl"):
        return _read_lines(url)
    if name.endswith(".csv"):
        return _read_table(url)
    if name.endswith(".json"):
        return _read_inventory(url)
    raise ConfigurationError(f"{url} is no manifest: {_FORMS}")


def _read_lines(url: str) -> Iterator[Subject]:
    for number, line in enumerate(_lines(url), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise _meaningless(url, number, str(error)) from None
            yield _subject(row, url, number)


def _read_table(url: str) -> Iterator[Subject]:
    rows = _rows(url)
    header = [name.strip().lower() for name in next(rows, [])]
    if "source" not in header and not {"bucket", "key"} <= set(header):
        raise ConfigurationError(
            f"{url} has no header with {_COLUMNS}; of an S3 Inventory name the manifest.json"
        )
    for number, row in enumerate(rows, 2):
        if row:
            yield _subject(_named(header, row, url, number), url, number)


def _read_inventory(url: str) -> Iterator[Subject]:
    columns, files = _described(url)
    for file in files:
        for number, row in enumerate(_rows(file), 1):
            values = _named(columns, row, file, number)
            if _is_current_object(values):
                fields = {ours: values.get(theirs) for theirs, ours in _INVENTORY.items()}
                key = unquote_plus(str(values["Key"]))
                yield _subject(fields | {"key": key}, file, number)


def _described(url: str) -> tuple[list[str], list[str]]:
    """Columns and files of the S3 Inventory that a manifest.json describes."""
    try:
        held = json.loads(_bytes(url))
        form = held["fileFormat"]
        columns = [name.strip() for name in held["fileSchema"].split(",")]
        bucket = held["destinationBucket"].rpartition(":")[2]
        files = [_place(url, bucket, file["key"]) for file in held["files"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(f"{url} is no manifest.json of an S3 Inventory") from None
    if form != "CSV" or not {"Bucket", "Key"} <= set(columns):
        raise ConfigurationError(f"{url} describes {form} files: an S3 Inventory as CSV is read")
    return columns, files


def _place(url: str, bucket: str, key: str) -> str:
    if is_s3(url):
        return f"s3://{bucket}/{key}"
    folder, name = store.local_path(url).parent, Path(key).name
    beside = folder / name
    return str(beside if beside.exists() else folder.parent / "data" / name)


def _is_current_object(values: Mapping[str, str]) -> bool:
    older = values.get("IsLatest", "true") == "false"
    deleted = values.get("IsDeleteMarker", "false") == "true"
    marker = values["Key"].endswith("/") and values.get("Size", "0") in ("", "0")
    return not (older or deleted or marker)


def _named(names: Sequence[str], row: Sequence[str], url: str, number: int) -> dict[str, str]:
    if len(row) != len(names):
        raise _meaningless(url, number, f"{len(row)} columns, not {len(names)}")
    return dict(zip(names, row, strict=True))


def _subject(row: Any, url: str, number: int) -> Subject:
    """A row's subject; what is empty counts as not there."""
    if not isinstance(row, dict):
        raise _meaningless(url, number, f"no object of {_COLUMNS}")
    fields = [row.get(name) or None for name in ("source", "bucket", "key", "etag", "version")]
    if not all(value is None or isinstance(value, str) for value in fields):
        raise _meaningless(url, number, f"{_COLUMNS} are text")
    source, bucket, key, etag, version = fields
    if source is None and bucket and key:
        source = f"s3://{bucket}/{key}"
    if source is None:
        raise _meaningless(url, number, f"it lacks {_COLUMNS}")
    return Subject(source, etag=etag.strip('"') if etag else None, version=version)


def _rows(url: str) -> Iterator[list[str]]:
    reader = csv.reader(_lines(url), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise _meaningless(url, reader.line_num, str(error)) from None


def _lines(url: str) -> Iterator[str]:
    try:
        yield from _text(url)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{url} is not a whole manifest: {error}") from error


def _text(url: str) -> TextIO:
    stream: Any = io.BytesIO(_bytes(url))
    unpacked = gzip.GzipFile(fileobj=stream) if url.endswith(".gz") else stream
    # With a byte order mark in front, as spreadsheets write it.
    return io.TextIOWrapper(unpacked, "utf-8-sig", newline="")


def _bytes(url: str) -> bytes:
    try:
        return store.read(Subject(url), max_bytes=_MOST_BYTES).data
    except PermanentError as error:
        raise ConfigurationError(f"cannot read manifest {url}: {error.reason}") from error


def _meaningless(url: str, number: int, why: str) -> ConfigurationError:
    return ConfigurationError(f"{url} line {number}: {why}")
