"""What obstore cannot say of keys, by way of boto3 where it is installed.

obstore asks for `lead.png` when told `/lead.png`, and refuses `a//b.png`, `.` and `..` segments
and control characters; in a listing it shows the first as `lead.png` too, and one of the others
ends it. S3 allows all of them. Lambda's Python has boto3; where there is none, such an object is
`unaddressable`. boto3 is imported only when such a key is met, or a listing is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from typing import Any

from litescore.errors import (
    ConfigurationError,
    PermanentError,
    SupersededError,
    TransientError,
)
from litescore.objects import Listed


def addressable(key: str) -> bool:
    """Whether obstore asks S3 for this very key."""
    if any(ord(char) < 32 or ord(char) == 127 for char in key):
        return False
    return not any(segment in ("", ".", "..") for segment in key.split("/"))


def get(
    bucket: str, key: str, version: str | None, etag: str | None, max_bytes: int
) -> tuple[bytes, str | None, str | None, datetime]:
    """Bytes, ETag, version id and time of the object; the errors of `store.read`."""
    try:
        import boto3  # noqa: F401
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError
    except ImportError:
        raise PermanentError(
            "unaddressable", f"the key {key!r} needs boto3: pip install 'litescore[aws]'"
        ) from None
    named = {"VersionId": version} if version else {"IfMatch": f'"{etag}"'} if etag else {}
    try:
        answer = _client().get_object(Bucket=bucket, Key=key, **named)
        if answer["ContentLength"] > max_bytes:
            raise PermanentError("too-large", f"{answer['ContentLength']:,} bytes")
        data: bytes = answer["Body"].read()
    except ClientError as error:
        raise _classified(f"s3://{bucket}/{key}", error) from error
    # botocore reads a refusal outside of what it guards: one that breaks off comes as urllib3's own.
    except (BotoCoreError, HTTPError) as error:
        raise TransientError(f"s3://{bucket}/{key}: {error}") from error
    return data, answer["ETag"].strip('"'), answer.get("VersionId"), answer["LastModified"]


def installed() -> bool:
    """Whether boto3 is here, found without importing it."""
    return find_spec("boto3") is not None


def list_objects(bucket: str, prefix: str, after: str | None) -> Iterator[Listed]:
    """Every object whose key begins with `prefix`, behind the key `after`; no folder markers.

    Raises ConfigurationError naming a bucket that is missing or closed.
    """
    from botocore.exceptions import BotoCoreError, ClientError

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
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket":
            raise no_bucket(bucket) from error
        raise ConfigurationError(f"cannot use bucket {bucket!r}: {code}") from error
    except BotoCoreError as error:
        raise ConfigurationError(f"cannot use bucket {bucket!r}: {error}") from error


def no_bucket(bucket: str) -> ConfigurationError:
    """The error that names a bucket which is not there."""
    return ConfigurationError(f"no bucket {bucket!r}: check its name, region and endpoint")


def _client() -> Any:
    return _open(os.environ.get("AWS_ENDPOINT_URL"), os.environ.get("AWS_ACCESS_KEY_ID"))


@cache
def _open(_endpoint: str | None, _key_id: str | None) -> Any:
    """One client for as long as the environment says the same; boto3 reads it by itself."""
    import boto3

    try:
        # A session of its own: boto3's default one keeps the first credentials it met.
        return boto3.session.Session().client("s3")
    except ValueError as error:
        raise ConfigurationError(f"cannot set up access to S3: {error}") from error


def _classified(source: str, error: Any) -> Exception:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status in (404, 405):
        return PermanentError("gone", f"no object {source}")
    if status == 403:
        return PermanentError("forbidden", f"not allowed to read {source}")
    if status == 412:
        return SupersededError(f"{source} changed after it was named")
    return TransientError(f"{source}: {error}")
