"""Reading only what changed, and writing over only what did not: two writers cannot both win.

Objects go by S3's ETag; files by the digest of their content, under a lock.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from litescore import lock
from litescore.errors import ConfigurationError, PermanentError, TransientError
from litescore.files import write_whole
from litescore.record import Subject
from litescore.store import buckets, http, patience, refusals, s3
from litescore.store.objects import Blob, check_size


def read_changed(url: str, etag: str | None, *, max_bytes: int) -> Blob | None:
    """The bytes at a path, s3:// or web URL; None where its ETag is this one still.

    Raises as `litescore.store.read`, and TransientError for a disk that fails.
    """
    if s3.is_s3(url):
        return _read_object(url, etag, max_bytes)
    if http.is_http(url):
        return http.read_changed(url, etag, max_bytes=max_bytes)
    blob = _read_file(Path(url), max_bytes)
    return None if blob.etag == etag else blob


def replace(url: str, data: bytes, etag: str | None) -> bool:
    """Write an object or file that bears this ETag, or for None one that is not there yet; False
    where it is another by now.

    Raises ConfigurationError when the place cannot be written, TransientError when S3 fails: then
    it may have been written or not, and reading tells.
    """
    if s3.is_s3(url):
        return s3.create(url, data) if etag is None else _replace_object(url, data, etag)
    return _replace_file(Path(url), data, etag)


def _read_object(url: str, etag: str | None, max_bytes: int) -> Blob | None:
    import obstore

    bucket, key = s3.split(url)
    try:
        result = obstore.get(
            buckets.bucket(bucket), key, options={"if_none_match": f'"{etag}"'} if etag else {}
        )
        meta = result.meta
        check_size(meta["size"], max_bytes)
        data = bytes(result.bytes())
    except obstore.exceptions.NotModifiedError:
        return None
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        no = s3.refusal(error)
        raise refusals.of_object(no, Subject(url), bucket, conditional=False) from error
    return Blob(data, s3.unquoted(meta.get("e_tag")), meta.get("version"), meta["last_modified"])


def _replace_object(url: str, data: bytes, etag: str) -> bool:
    import obstore

    bucket, key = s3.split(url)
    store = buckets.bucket(bucket, patience.PATIENCE.for_upload(len(data)))
    try:
        obstore.put(store, key, data, mode={"e_tag": f'"{etag}"'})
    except obstore.exceptions.PreconditionError:
        return False
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        no = s3.refusal(error)
        # 409: another write came in between. 404: the object was removed meanwhile.
        if no.status in (404, 409):
            return False
        raise refusals.of_bucket(no, bucket, grant=s3.TO_WRITE) from error
    return True


def _read_file(path: Path, max_bytes: int) -> Blob:
    try:
        status = path.stat()
        check_size(status.st_size, max_bytes)
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise PermanentError("gone", f"no such file: {path}") from None
    except PermissionError:
        raise PermanentError("forbidden", f"not allowed to read {path}") from None
    except OSError as error:
        raise TransientError(f"cannot read {path}: {error.strerror}") from error
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return Blob(data, hashlib.sha256(data).hexdigest(), None, modified)


def _replace_file(path: Path, data: bytes, etag: str | None) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error
    try:
        with lock.held(path.with_name(f".{path.name}.lock"), lambda: None):
            if _etag_of(path) != etag:
                return False
            write_whole(path, data)
    except OSError as error:
        raise ConfigurationError(f"cannot lock {path}: {error.strerror}") from error
    return True


def _etag_of(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
