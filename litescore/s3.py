"""Objects in S3 through obstore: the only S3 data path.

Credentials, region and endpoint are those that AWS tools know: AWS_ACCESS_KEY_ID and company,
AWS_REGION, AWS_ENDPOINT_URL (or AWS_ENDPOINT_URL_S3); profiles and SSO where boto3 is installed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from litescore import patience, rawkeys, refusals
from litescore.errors import (
    ConfigurationError,
    LitescoreError,
    TransientError,
)
from litescore.objects import Blob, Listed, check_etag, check_size
from litescore.patience import Patience
from litescore.record import Subject
from litescore.refusals import Refusal

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

_S3 = "s3://"
# Where the last of the places to look for credentials lies, on a machine of AWS's.
_METADATA_SERVICE = "169.254.169.254"
# S3's own rule is narrower by region and age; what lies outside this is no host name or path part.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")
_ENDPOINT = re.compile(r"https?://[^\s/?#]+/?")
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([\w.]+)</Code>")
# What obstore says of a redirect that does not say where to.
_REDIRECT = "redirect without LOCATION"
_TO_WRITE = "s3:PutObject and s3:GetObject"


def is_s3(url: str) -> bool:
    """Whether a URL names an S3 bucket."""
    return url.startswith(_S3)


def split(url: str) -> tuple[str, str]:
    """`s3://bucket/raw key` -> (bucket, raw key). Raises ConfigurationError without a bucket."""
    bucket, _, key = url.removeprefix(_S3).partition("/")
    if not is_s3(url) or not _BUCKET.fullmatch(bucket):
        raise ConfigurationError(f"{url!r} is not an S3 URL: s3://bucket/key")
    return bucket, key


def read(subject: Subject, max_bytes: int) -> Blob:
    """The bytes of an s3:// subject; see `litescore.store.read`."""
    bucket, key = split(subject.source)
    if not rawkeys.addressable(key):
        return rawkeys.read(bucket, key, subject, max_bytes)
    return _read_object(bucket, key, subject, max_bytes)


def list_objects(prefix: str, after: str | None = None) -> Iterator[Listed]:
    """The objects under a prefix; see `litescore.store.list_objects`."""
    bucket, start = split(prefix)
    if rawkeys.installed():
        return rawkeys.list_objects(bucket, start, after)
    return _list_addressable(bucket, start, after)


def _list_addressable(bucket: str, start: str, after: str | None) -> Iterator[Listed]:
    import obstore

    store = _bucket(bucket)
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
        raise _of_bucket(error, bucket, "s3:ListBucket") from error


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
    return Listed(source, entry["size"], _unquoted(entry["e_tag"]), entry["last_modified"])


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
            pause *= 2


def _create(url: str, data: bytes) -> bool:
    import obstore

    bucket, key = split(url)
    store = _bucket(bucket, patience.PATIENCE.for_upload(len(data)))
    try:
        obstore.put(store, key, data, mode="create")
    except obstore.exceptions.AlreadyExistsError as error:
        # 412 (it is there) and 409 (another writer is at it) raise the same: look.
        if _is_there(url, error):
            return False
        raise TransientError(f"cannot write {url}: another writer is at it") from error
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        raise _of_bucket(error, bucket, _TO_WRITE) from error
    return True


def _is_there(url: str, error: Exception) -> bool:
    try:
        return exists(url)
    except ConfigurationError:
        # Who may not list is not told that a key is absent, and one may write without reading.
        return _refusal(error).status == 412


def exists(url: str) -> bool:
    """Whether there is an object of that name."""
    import obstore

    bucket, key = split(url)
    try:
        obstore.head(_bucket(bucket), key)
    except FileNotFoundError:
        return False
    except obstore.exceptions.BaseError as error:
        raise _of_bucket(error, bucket, "s3:GetObject and s3:ListBucket") from error
    return True


def delete(url: str) -> None:
    """Remove an object."""
    import obstore

    bucket, key = split(url)
    try:
        obstore.delete(_bucket(bucket), key)
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        raise _of_bucket(error, bucket, "s3:DeleteObject") from error


def _read_object(bucket: str, key: str, subject: Subject, max_bytes: int) -> Blob:
    import obstore

    options: GetOptions = {}
    if subject.version:
        options["version"] = subject.version
    elif subject.etag:
        options["if_match"] = f'"{subject.etag}"'
    try:
        result = obstore.get(_bucket(bucket), key, options=options)
        check_size(result.meta["size"], max_bytes)
        etag = _unquoted(result.meta.get("e_tag"))
        check_etag(subject, etag)
        version, modified = result.meta.get("version"), result.meta["last_modified"]
        return Blob(bytes(result.bytes()), etag, version, modified)
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        no, conditional = _refusal(error), "if_match" in options
        raise refusals.of_object(no, subject, bucket, conditional=conditional) from error


def _bucket(name: str, waits: Patience | None = None) -> S3Store:
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    key_id = os.environ.get("AWS_ACCESS_KEY_ID")
    return _open(name, endpoint, region, key_id, waits or patience.PATIENCE)


@cache
def _open(
    name: str, endpoint: str | None, region: str, key_id: str | None, waits: Patience
) -> S3Store:
    """One store a bucket, kept: it holds the connections. `key_id` only tells stores apart."""
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    options: dict[str, Any] = {"region": region, "client_options": _waiting(waits)}
    if endpoint:
        if not _ENDPOINT.fullmatch(endpoint):
            raise ConfigurationError(f"AWS_ENDPOINT_URL {endpoint!r} is no http:// or https:// URL")
        options |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        options["client_options"]["allow_http"] = endpoint.startswith("http://")
    try:
        return S3Store(
            name,
            **options,
            credential_provider=None if key_id else _boto3_credentials(),
            retry_config={
                "max_retries": waits.retries,
                "retry_timeout": timedelta(seconds=waits.total),
                "backoff": {"init_backoff": timedelta(seconds=waits.pause), "base": 3},
            },
        )
    except (BaseError, ValueError) as error:
        # Also for a plain http endpoint: the client wants the system's certificates all the same.
        missing = "No CA certificates" in str(error)
        fix = "install the Debian package ca-certificates" if missing else _first_line(error)
        raise ConfigurationError(f"cannot set up access to S3 bucket {name!r}: {fix}") from error


def _waiting(waits: Patience) -> dict[str, Any]:
    return {
        "connect_timeout": timedelta(seconds=waits.connect),
        "read_timeout": timedelta(seconds=waits.silence),
        # By default 30 s for the whole of a transfer, however well it moves.
        "timeout": timedelta(days=1),
    }


def _boto3_credentials() -> Any:
    """Credentials from profiles and SSO, which obstore does not read, where boto3 is installed."""
    in_aws = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE")
    if any(os.environ.get(name) for name in in_aws):
        return None
    try:
        import boto3
        from obstore.auth.boto3 import Boto3CredentialProvider

        return Boto3CredentialProvider(boto3.Session())
    except (ImportError, ValueError):
        return None


def _of_bucket(error: Exception, bucket: str, grant: str) -> LitescoreError:
    return refusals.of_bucket(_refusal(error), bucket, grant=grant)


def _refusal(error: Exception) -> Refusal:
    """What obstore's error says of S3's answer. Raises ConfigurationError without credentials."""
    text = str(error)
    if _METADATA_SERVICE in text:
        raise ConfigurationError(
            "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "pip install 'litescore[aws]' to use a profile"
        ) from error
    status, code = _STATUS.search(text), _CODE.search(text)
    number = int(status[1]) if status else 301 if _REDIRECT in text else None
    return Refusal(number, code[1] if code else None, _first_line(error))


def _unquoted(etag: str | None) -> str | None:
    return etag.strip('"') if etag else None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
