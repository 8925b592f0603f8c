"""Manifests: files that list images instead of holding them.

JSON lines, CSV with a header, and S3 Inventory (CSV, described by its manifest.json). They are
read row by row, a file where it lies and an object from a copy in the temporary folder, so that one of
millions costs no more memory than one of a hundred. It does not know whether what is listed exists.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, TextIO, cast
from urllib.parse import unquote_plus

from litescore import store
from litescore.errors import ConfigurationError, PermanentError
from litescore.record import Subject
from litescore.store import s3
from litescore.store.s3 import is_s3

# Of a description of an inventory; and of a list whose key only boto3 can name.
_MOST_BYTES = 2**31
# Bytes of a copy that never reach the disk.
_IN_MEMORY = 8_000_000
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
        with _opened(url) as stream, _text(stream, url) as text:
            yield from text
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{url} is not a whole manifest: {error}") from error


def _text(stream: Any, url: str) -> TextIO:
    unpacked = gzip.GzipFile(fileobj=stream, mode="rb") if url.endswith(".gz") else stream
    # With a byte order mark in front, as spreadsheets write it.
    return io.TextIOWrapper(unpacked, "utf-8-sig", newline="")


def _opened(url: str) -> AbstractContextManager[IO[bytes]]:
    """A file as it lies; of an object a copy in a temporary file, for it is read over hours."""
    if is_s3(url):
        return _copied(url)
    try:
        return store.local_path(url).open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read manifest {url}: {error.strerror}") from error


@contextmanager
def _copied(url: str) -> Iterator[IO[bytes]]:
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="litescore-") as file:
        try:
            for piece in s3.pieces(Subject(url), max_bytes=_MOST_BYTES):
                file.write(piece)
            file.seek(0)
        except PermanentError as error:
            raise ConfigurationError(f"cannot read manifest {url}: {error.reason}") from error
        except OSError as error:
            raise ConfigurationError(
                f"cannot copy manifest {url} into the temporary folder: {error.strerror}; name "
                "one with more space by TMPDIR"
            ) from error
        yield cast(IO[bytes], file)


def _bytes(url: str) -> bytes:
    try:
        return store.read(Subject(url), max_bytes=_MOST_BYTES).data
    except PermanentError as error:
        raise ConfigurationError(f"cannot read manifest {url}: {error.reason}") from error


def _meaningless(url: str, number: int, why: str) -> ConfigurationError:
    return ConfigurationError(f"{url} line {number}: {why}")
