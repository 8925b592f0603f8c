"""Objects in S3 through obstore: the only S3 data path.

Credentials, region and endpoint are those that AWS tools know: AWS_ACCESS_KEY_ID and company,
AWS_REGION, AWS_ENDPOINT_URL (or AWS_ENDPOINT_URL_S3); profiles and SSO where boto3 is installed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from litescore.errors import (
    ConfigurationError,
    LitescoreError,
    TransientError,
)
from litescore.record import Subject
from litescore.store import buckets, patience, rawkeys, refusals
from litescore.store.objects import Blob, Listed, check_etag, check_size
from litescore.store.refusals import Refusal

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import S3Store

_S3 = "s3://"
# Where the last of the places to look for credentials lies, on a machine of AWS's.
_METADATA_SERVICE = "169.254.169.254"
# S3's own rule is narrower by region and age; what lies outside this is no host name or path part.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([\w.]+)</Code>")
# What obstore says of a redirect that does not say where to.
_REDIRECT = "redirect without LOCATION"
# Bytes from which a transfer outlasts the client's own tries, and those that come in one piece.
_LONG, _PIECE = 8_000_000, 1_000_000
# Seconds between tries to write, at most.
_LONGEST_PAUSE = 1.0
TO_WRITE = "s3:PutObject and s3:GetObject"


def is_s3(url: str) -> bool:
    """Whether a URL names an S3 bucket."""
    return url.startswith(_S3)


def is_bucket(name: str) -> bool:
    """Whether a name may be a bucket's."""
    return _BUCKET.fullmatch(name) is not None


def split(url: str) -> tuple[str, str]:
    """`s3://bucket/raw key` -> (bucket, raw key). Raises ConfigurationError without a bucket."""
    bucket, _, key = url.removeprefix(_S3).partition("/")
    if not is_s3(url) or not is_bucket(bucket):
        raise ConfigurationError(f"{url!r} is not an S3 URL: s3://bucket/key")
    return bucket, key


def read(subject: Subject, max_bytes: int) -> Blob:
    """The bytes of an s3:// subject; see `litescore.store.read`."""
    bucket, key = split(subject.source)
    rawkeys.check_names(key, subject)
    if not rawkeys.addressable(key):
        return rawkeys.read(bucket, key, subject, max_bytes)
    return _read_object(bucket, key, subject, max_bytes)


def pieces(subject: Subject, max_bytes: int) -> Iterator[bytes]:
    """The bytes of an s3:// subject with its ETag, in pieces; raises as `read`."""
    import obstore

    bucket, key = split(subject.source)
    rawkeys.check_names(key, subject)
    if not rawkeys.addressable(key):
        yield read(subject, max_bytes).data
        return
    options: GetOptions = {"if_match": f'"{subject.etag}"'} if subject.etag else {}
    try:
        store = buckets.bucket(bucket)
        yield from _pieces(store, key, obstore.get(store, key, options=options), options)
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        no = refusal(error)
        raise refusals.of_object(no, subject, bucket, conditional=bool(options)) from error


def list_objects(prefix: str, after: str | None = None) -> Iterator[Listed]:
    """The objects under a prefix; see `litescore.store.list_objects`."""
    bucket, start = split(prefix)
    if rawkeys.installed():
        return rawkeys.list_objects(bucket, start, after)
    return _list_addressable(bucket, start, after)


def _list_addressable(bucket: str, start: str, after: str | None) -> Iterator[Listed]:
    import obstore

    store = buckets.bucket(bucket)
    if after and not rawkeys.addressable(after):
        raise _needs_boto3(bucket, repr(after))
    # obstore lists whole folders: `a/b` would miss `a/bc.png`, which S3's own prefix finds.
    folder = start.rpartition("/")[0]
    try:
        for chunk in obstore.list(store, folder or None, offset=after or None):
            for entry in chunk:
                if entry["path"].startswith(start) and not _is_marker(store, entry):
                    yield _listed(bucket, entry)
    except obstore.exceptions.InvalidPathError as error:
        raise _needs_boto3(bucket, _first_line(error)) from error
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        raise of_bucket(error, bucket, "s3:ListBucket") from error


def _needs_boto3(bucket: str, key: str) -> ConfigurationError:
    return ConfigurationError(
        f"bucket {bucket!r} holds a key that only boto3 can list ({key}): "
        "pip install 'litescore[aws]'"
    )


def _is_marker(store: S3Store, entry: Any) -> bool:
    """Whether a zero-byte entry is a folder marker; obstore takes the `/` off its key."""
    import obstore

    if entry["size"]:
        return False
    try:
        obstore.head(store, entry["path"])
    except FileNotFoundError:
        return True
    except obstore.exceptions.PermissionDeniedError:
        # An object that must not be read is still one.
        return False
    return False


def _listed(bucket: str, entry: Any) -> Listed:
    source = f"{_S3}{bucket}/{entry['path']}"
    return Listed(source, entry["size"], unquoted(entry["e_tag"]), entry["last_modified"])


def create(url: str, data: bytes) -> bool:
    """Write a new object; see `litescore.store.create`.

    A write of which no answer came is tried again: all that was done so far hangs on it, and what
    is there by then tells that it went well.
    """
    end, pause = time.monotonic() + patience.PATIENCE.total, patience.PATIENCE.pause
    while True:
        try:
            return _create(url, data)
        except TransientError:
            if time.monotonic() + pause > end:
                raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _create(url: str, data: bytes) -> bool:
    import obstore

    bucket, key = split(url)
    store = buckets.bucket(bucket, patience.PATIENCE.for_upload(len(data)))
    try:
        obstore.put(store, key, data, mode="create")
    except obstore.exceptions.AlreadyExistsError as error:
        # 412 (it is there) and 409 (another writer is at it) raise the same: look.
        if _is_there(url, error):
            return False
        raise TransientError(f"cannot write {url}: another writer is at it") from error
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        raise of_bucket(error, bucket, TO_WRITE) from error
    return True


def put(url: str, data: bytes) -> None:
    """Write an object; see `litescore.store.put`."""
    import obstore

    bucket, key = split(url)
    try:
        obstore.put(buckets.bucket(bucket, patience.PATIENCE.for_upload(len(data))), key, data)
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        raise of_bucket(error, bucket, TO_WRITE) from error


def _is_there(url: str, error: Exception) -> bool:
    try:
        return exists(url)
    except ConfigurationError:
        # Who may not list is not told that a key is absent, and one may write without reading.
        return refusal(error).status == 412


def exists(url: str) -> bool:
    """Whether there is an object of that name."""
    import obstore

    bucket, key = split(url)
    try:
        obstore.head(buckets.bucket(bucket), key)
    except FileNotFoundError:
        return False
    except obstore.exceptions.BaseError as error:
        raise of_bucket(error, bucket, "s3:GetObject and s3:ListBucket") from error
    return True


def delete(url: str) -> None:
    """Remove an object."""
    import obstore

    bucket, key = split(url)
    try:
        obstore.delete(buckets.bucket(bucket), key)
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        raise of_bucket(error, bucket, "s3:DeleteObject") from error


def _read_object(bucket: str, key: str, subject: Subject, max_bytes: int) -> Blob:
    import obstore

    options: GetOptions = {}
    if subject.version:
        options["version"] = subject.version
    elif subject.etag:
        options["if_match"] = f'"{subject.etag}"'
    try:
        store = buckets.bucket(bucket)
        result = obstore.get(store, key, options=options)
        # Made anew each time that it is asked for.
        meta = result.meta
        check_size(meta["size"], max_bytes)
        etag = unquoted(meta.get("e_tag"))
        check_etag(subject, etag)
        long = meta["size"] > _LONG and etag is not None
        data = _long_body(store, key, result, options) if long else bytes(result.bytes())
        return Blob(data, etag, meta.get("version"), meta["last_modified"])
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        no, conditional = refusal(error), "if_match" in options
        raise refusals.of_object(no, subject, bucket, conditional=conditional) from error


def _long_body(store: S3Store, key: str, result: GetResult, options: GetOptions) -> bytes:
    return b"".join(_pieces(store, key, result, options))


def _pieces(store: S3Store, key: str, result: GetResult, options: GetOptions) -> Iterator[bytes]:
    """The bytes of a long transfer; one that broke goes on from there while it gets on."""
    import obstore

    size, etag = result.meta["size"], result.meta.get("e_tag")
    done = 0
    while True:
        held = done
        try:
            for piece in result.stream(min_chunk_size=_PIECE):
                done += len(piece)
                yield bytes(piece)
            return
        except obstore.exceptions.BaseError:
            if done == held:
                raise
        rest: GetOptions = {**options, "if_match": etag, "range": (done, size)}
        result = obstore.get(store, key, options=rest)


def of_bucket(error: Exception, bucket: str, grant: str) -> LitescoreError:
    """As `refusals.of_bucket`, of an error of obstore's."""
    return refusals.of_bucket(refusal(error), bucket, grant=grant)


def refusal(error: Exception) -> Refusal:
    """What obstore's error says of S3's answer. Raises ConfigurationError without credentials."""
    text = str(error)
    if _METADATA_SERVICE in text:
        raise refusals.no_credentials() from error
    status, code = _STATUS.search(text), _CODE.search(text)
    number = int(status[1]) if status else 301 if _REDIRECT in text else None
    return Refusal(number, code[1] if code else None, _first_line(error))


def unquoted(etag: str | None) -> str | None:
    """As records bear it, without the quotes that S3 answers with; None or empty is None."""
    return etag.strip('"') if etag else None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
