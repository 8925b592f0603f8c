"""Objects in S3 through obstore: the only S3 data path.

Credentials, region and endpoint are those that AWS tools know: AWS_ACCESS_KEY_ID and company,
AWS_REGION, AWS_ENDPOINT_URL (or AWS_ENDPOINT_URL_S3); profiles and SSO where boto3 is installed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from litescore import rawkeys
from litescore.errors import (
    ConfigurationError,
    PermanentError,
    SupersededError,
    TransientError,
)
from litescore.objects import Blob, Listed, check_size
from litescore.record import Subject

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

_S3 = "s3://"
# Where the last of the places to look for credentials lies, on a machine of AWS's.
_METADATA_SERVICE = "169.254.169.254"
# S3's own rule is narrower by region and age; what lies outside this is no host name or path part.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")
_ENDPOINT = re.compile(r"https?://[^\s/?#]+/?")
_CODE = re.compile(r"<Code>(\w+)</Code>")
# 403s that speak of who asks and not of the object: no other object will fare better.
_BAD_CREDENTIALS = (
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
)


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
        return Blob(*rawkeys.get(bucket, key, subject.version, subject.etag, max_bytes))
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
    except FileNotFoundError as error:
        raise rawkeys.no_bucket(bucket) from error
    except obstore.exceptions.InvalidPathError as error:
        raise _needs_boto3(bucket, _first_line(error)) from error
    except obstore.exceptions.BaseError as error:
        raise _unreachable(bucket, error) from error


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
    return False


def _listed(bucket: str, entry: Any) -> Listed:
    source = f"{_S3}{bucket}/{entry['path']}"
    return Listed(source, entry["size"], _unquoted(entry["e_tag"]), entry["last_modified"])


def create(url: str, data: bytes) -> bool:
    """Write a new object; see `litescore.store.create`."""
    import obstore

    bucket, key = split(url)
    for _ in range(3):
        try:
            with _writing(url):
                obstore.put(_bucket(bucket), key, data, mode="create")
        except obstore.exceptions.AlreadyExistsError:
            # 412 (it is there) and 409 (another writer is at it) raise the same: look.
            if exists(url):
                return False
        else:
            return True
    raise TransientError(f"cannot write {url}: conflicting writers")


def put(url: str, data: bytes) -> None:
    """Write an object; see `litescore.store.put`."""
    import obstore

    bucket, key = split(url)
    with _writing(url):
        obstore.put(_bucket(bucket), key, data)


@contextmanager
def _writing(url: str) -> Iterator[None]:
    """What a write raises, as litescore's errors; AlreadyExistsError goes through."""
    import obstore

    bucket = split(url)[0]
    try:
        yield
    except obstore.exceptions.AlreadyExistsError:
        raise
    except FileNotFoundError as error:
        raise rawkeys.no_bucket(bucket) from error
    except obstore.exceptions.PermissionDeniedError as error:
        raise ConfigurationError(
            f"not allowed to write to bucket {bucket} ({_code(error) or 403}): grant "
            "s3:PutObject and s3:GetObject on the output"
        ) from error
    except obstore.exceptions.BaseError as error:
        raise TransientError(f"cannot write {url}: {_first_line(error)}") from error


def exists(url: str) -> bool:
    """Whether there is an object of that name."""
    import obstore

    bucket, key = split(url)
    try:
        obstore.head(_bucket(bucket), key)
    except FileNotFoundError:
        return False
    except obstore.exceptions.BaseError as error:
        raise _unreachable(bucket, error) from error
    return True


def delete(url: str) -> None:
    """Remove an object."""
    import obstore

    bucket, key = split(url)
    try:
        obstore.delete(_bucket(bucket), key)
    except obstore.exceptions.BaseError as error:
        raise _unreachable(bucket, error) from error


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
        version, modified = result.meta.get("version"), result.meta["last_modified"]
        return Blob(bytes(result.bytes()), etag, version, modified)
    except FileNotFoundError as error:
        if _code(error) == "NoSuchBucket":
            raise rawkeys.no_bucket(bucket) from error
        raise PermanentError("gone", f"no object {subject.source}") from error
    except obstore.exceptions.PreconditionError as error:
        raise SupersededError(f"{subject.source} changed after it was named") from error
    except obstore.exceptions.BaseError as error:
        raise _classified(bucket, subject.source, error) from error


def _classified(bucket: str, source: str, error: Exception) -> Exception:
    import obstore

    code = _code(error)
    denied = (
        obstore.exceptions.PermissionDeniedError,
        obstore.exceptions.UnauthenticatedError,
    )
    if code in _BAD_CREDENTIALS:
        return ConfigurationError(f"S3 refuses the credentials for bucket {bucket}: {code}")
    if isinstance(error, denied):
        return PermanentError("forbidden", f"not allowed to read {source}: {code or 403}")
    if code == "MethodNotAllowed":  # what S3 answers for a delete marker named by its version
        return PermanentError("gone", f"{source} is deleted")
    return TransientError(f"{source}: {_first_line(error)}")


def _bucket(name: str) -> S3Store:
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return _open(name, endpoint, region, os.environ.get("AWS_ACCESS_KEY_ID"))


@cache
def _open(name: str, endpoint: str | None, region: str, key_id: str | None) -> S3Store:
    """One store a bucket, kept: it holds the connections. `key_id` only tells stores apart."""
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    options: dict[str, Any] = {"region": region}
    if endpoint:
        if not _ENDPOINT.fullmatch(endpoint):
            raise ConfigurationError(f"AWS_ENDPOINT_URL {endpoint!r} is no http:// or https:// URL")
        plain = endpoint.startswith("http://")
        options |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        options["client_options"] = {"allow_http": plain, "connect_timeout": "5s"}
    try:
        return S3Store(
            name,
            **options,
            credential_provider=None if key_id else _boto3_credentials(),
            retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=30)},
        )
    except (BaseError, ValueError) as error:
        # Also for a plain http endpoint: the client wants the system's certificates all the same.
        missing = "No CA certificates" in str(error)
        fix = "install the Debian package ca-certificates" if missing else _first_line(error)
        raise ConfigurationError(f"cannot set up access to S3 bucket {name!r}: {fix}") from error


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


def _unreachable(bucket: str, error: Exception) -> ConfigurationError:
    if _METADATA_SERVICE in str(error):
        return ConfigurationError(
            f"no AWS credentials for bucket {bucket!r}: set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or pip install 'litescore[aws]' to use a profile"
        )
    reason = _code(error) or _first_line(error)
    if reason == "NoSuchBucket":
        return rawkeys.no_bucket(bucket)
    return ConfigurationError(f"cannot use bucket {bucket!r}: {reason}")


def _unquoted(etag: str | None) -> str | None:
    return etag.strip('"') if etag else None


def _code(error: Exception) -> str | None:
    found = _CODE.search(str(error))
    return found.group(1) if found else None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
