"""What obstore cannot say of keys, by way of boto3 where it is installed.

obstore asks for `lead.png` when told `/lead.png`, and refuses `a//b.png`, `.` and `..` segments
and control characters; in a listing it shows the first as `lead.png` too, and one of the others
ends it. S3 allows all of them. Lambda's Python has boto3; where there is none, such an object is
`unaddressable`. boto3 is imported only when such a key is met, or a listing is asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from litescore.errors import ConfigurationError, LitescoreError, PermanentError
from litescore.record import Subject
from litescore.store import buckets, patience, refusals
from litescore.store.objects import Blob, Listed, check_etag, check_size
from litescore.store.patience import Patience
from litescore.store.refusals import Refusal

# boto3 pauses for up to 1, 2, 4, ... seconds between tries, whatever it is told.
_MOST_RETRIES = 2
# A control character, or a segment of a path that is empty, `.` or `..`.
_ODD = re.compile(r"[\x00-\x1f\x7f]|(?:^|/)\.{0,2}(?:/|\Z)")
_MOST_KEY_BYTES = 1024
# What an ETag or a version id may hold: a header and a query carry them.
_TOKEN = re.compile(r"[ -~]{1,1024}")


def check_names(key: str, subject: Subject) -> None:
    """Raises PermanentError `unaddressable` for a key, ETag or version id that no object can have.

    An event may hold any text there, at some of which obstore does not raise but panics.
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise PermanentError("unaddressable", f"the key {key!r} is not UTF-8") from None
    if size > _MOST_KEY_BYTES:
        raise PermanentError("unaddressable", f"a key of {size:,} bytes: S3 has 1,024 at most")
    for name, value in (("ETag", subject.etag), ("version id", subject.version)):
        if value and not _TOKEN.fullmatch(value):
            raise PermanentError("unaddressable", f"no object has the {name} {value[:40]!r}")


def addressable(key: str) -> bool:
    """Whether obstore asks S3 for this very key."""
    return _ODD.search(key) is None


def read(bucket: str, key: str, subject: Subject, max_bytes: int) -> Blob:
    """The object's bytes; the errors of `litescore.store.read`."""
    try:
        import boto3  # noqa: F401
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError
    except ImportError:
        raise PermanentError(
            "unaddressable", f"the key {key!r} needs boto3: pip install 'litescore[aws]'"
        ) from None
    named: dict[str, str] = {}
    if subject.version:
        named["VersionId"] = subject.version
    elif subject.etag:
        named["IfMatch"] = f'"{subject.etag}"'
    try:
        answer = _client().get_object(Bucket=bucket, Key=key, **named)
        check_size(answer["ContentLength"], max_bytes)
        etag = answer["ETag"].strip('"')
        check_etag(subject, etag)
        data: bytes = answer["Body"].read()
    # botocore reads a refusal outside of what it guards: one that breaks off comes as urllib3's own.
    except (BotoCoreError, ClientError, HTTPError) as error:
        no, conditional = _refusal(error), "IfMatch" in named
        raise refusals.of_object(no, subject, bucket, conditional=conditional) from error
    return Blob(data, etag, answer.get("VersionId"), answer["LastModified"])


def installed() -> bool:
    """Whether boto3 is here, found without importing it."""
    from importlib.util import find_spec

    return find_spec("boto3") is not None


def list_objects(bucket: str, prefix: str, after: str | None) -> Iterator[Listed]:
    """Every object whose key begins with `prefix`, behind the key `after`; no folder markers.

    Raises the errors of `litescore.store.list_objects`.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    try:
        listing = _client().get_paginator("list_objects_v2")
        behind = {"StartAfter": after} if after else {}
        for page in listing.paginate(Bucket=bucket, Prefix=prefix, **behind):
            for entry in page.get("Contents", []):
                if entry["Size"] or not entry["Key"].endswith("/"):
                    yield Listed(
                        f"s3://{bucket}/{entry['Key']}",
                        entry["Size"],
                        entry["ETag"].strip('"'),
                        entry["LastModified"],
                    )
    except (BotoCoreError, ClientError, HTTPError) as error:
        raise _listing_error(bucket, error) from error


def _listing_error(bucket: str, error: Exception) -> LitescoreError:
    return refusals.of_bucket(_refusal(error), bucket, grant="s3:ListBucket")


def _client() -> Any:
    key_id = os.environ.get("AWS_ACCESS_KEY_ID")
    return _open(buckets.endpoint(), buckets.region(), key_id, patience.PATIENCE)


@cache
def _open(endpoint: str | None, region: str | None, _key_id: str | None, waits: Patience) -> Any:
    """One client for as long as the environment says the same."""
    import boto3
    from botocore.config import Config

    tries = 1 + min(waits.retries, _MOST_RETRIES)
    config = Config(
        connect_timeout=waits.connect,
        read_timeout=waits.silence,
        retries={"mode": "standard", "total_max_attempts": tries},
    )
    try:
        # A session of its own: boto3's default one keeps the first credentials it met.
        return boto3.session.Session().client(
            "s3", endpoint_url=endpoint, region_name=region, config=config
        )
    except ValueError as error:
        raise ConfigurationError(f"cannot set up access to S3: {error}") from error


def _refusal(error: Any) -> Refusal:
    """What boto3's error says of S3's answer. Raises ConfigurationError where none was asked."""
    from botocore import exceptions
    from urllib3.exceptions import HTTPError

    if isinstance(error, exceptions.ClientError):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return Refusal(status, error.response["Error"]["Code"], str(error))
    if isinstance(error, exceptions.NoCredentialsError):
        raise refusals.no_credentials() from error
    broken = exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError
    if not isinstance(error, (*broken, HTTPError)):
        raise ConfigurationError(f"cannot use S3: {error}") from error
    return Refusal(None, None, str(error))
