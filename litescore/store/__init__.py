"""Bytes behind paths, file:// and s3:// URLs. It does not know what the bytes are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from litescore.errors import ConfigurationError, PermanentError
from litescore.record import Subject
from litescore.store import objects, s3
from litescore.store.objects import Blob, Listed
from litescore.store.s3 import is_s3

# What reads and writes S3 alone does without pathlib: a function's start is a millisecond shorter.
if TYPE_CHECKING:
    from pathlib import Path

_FILE = "file://"


def local_path(url: str | Path) -> Path:
    """The path that a path or file:// URL names."""
    from pathlib import Path

    return Path(str(url).removeprefix(_FILE))


def read(subject: Subject, *, max_bytes: int) -> Blob:
    """The bytes of a subject's source: its version where named, else only while its ETag holds.

    Raises PermanentError (`gone`, `forbidden`, `too-large`, `unaddressable`), SupersededError when
    the object is another by now, TransientError, and ConfigurationError for a missing bucket or
    bad credentials.
    """
    try:
        if not is_s3(subject.source):
            return _read_file(local_path(subject.source), max_bytes)
        return s3.read(subject, max_bytes)
    except MemoryError:
        raise PermanentError("too-large", "not enough memory to read") from None


def list_objects(prefix: str, after: str | None = None) -> Iterator[Listed]:
    """Every object under an s3:// prefix or file under a folder (or the one file), in order.

    Behind a raw key (or path) `after` that it named before, what followed then: the order is the
    server's own, by UTF-8 bytes on AWS and by folder on some others. Folder markers (zero-byte
    keys ending in `/`) are left out. Raises ConfigurationError naming a bucket or folder that is
    missing or closed, and TransientError when S3 breaks off.
    """
    if is_s3(prefix):
        yield from s3.list_objects(prefix, after)
    else:
        yield from _list_folder(prefix, after)


def create(url: str, data: bytes) -> bool:
    """Write a new object or file; False where one of that name exists already.

    Raises ConfigurationError when the place cannot be written, TransientError when S3 fails.
    """
    if is_s3(url):
        return s3.create(url, data)
    path = local_path(url)
    if path.exists():
        return False
    _write_file(path, data)
    return True


def put(url: str, data: bytes) -> None:
    """Write an object or file, in place of one of that name. Raises as `create`."""
    if is_s3(url):
        s3.put(url, data)
    else:
        _write_file(local_path(url), data)


def exists(url: str) -> bool:
    """Whether there is an object or file of that name."""
    if not is_s3(url):
        return local_path(url).exists()
    return s3.exists(url)


def file_etag(path: Path) -> str:
    """What stands for the ETag of a local file: its size and mtime in nanoseconds."""
    return _etag_of(path.stat())


def delete(url: str) -> None:
    """Remove an object or file that `list_objects` named."""
    if not is_s3(url):
        local_path(url).unlink()
        return
    s3.delete(url)


def _etag_of(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


def _read_file(path: Path, max_bytes: int) -> Blob:
    try:
        status = path.stat()
        objects.check_size(status.st_size, max_bytes)
        data = path.read_bytes()
    except FileNotFoundError:
        raise PermanentError("gone", f"no such file: {path}") from None
    except PermissionError:
        raise PermanentError("forbidden", f"not allowed to read {path}") from None
    except OSError as error:
        raise PermanentError("unsupported", f"cannot read {path}: {error.strerror}") from error
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return Blob(data, _etag_of(status), None, modified)


def _write_file(path: Path, data: bytes) -> None:
    from litescore.files import write_whole

    write_whole(path, data)


def _list_folder(prefix: str, after: str | None) -> Iterator[Listed]:
    root = local_path(prefix)
    if not root.exists():
        raise ConfigurationError(f"no such file or folder: {root}")
    for path in [root] if root.is_file() else sorted(root.rglob("*")):
        if path.is_file() and (after is None or path > local_path(after)):
            status = path.stat()
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            yield Listed(str(path), status.st_size, _etag_of(status), modified)
