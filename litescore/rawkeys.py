"""Keys that obstore cannot address, by way of boto3 where it is installed.

obstore asks for `lead.png` when told `/lead.png`, and refuses `a//b.png`, `.` and `..` segments
and control characters. S3 allows all of them. Lambda's Python has boto3; where there is none, such
an object is `unaddressable`. boto3 is imported only when such a key is met.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from litescore.errors import PermanentError, SupersededError, TransientError


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
    except BotoCoreError as error:
        raise TransientError(f"s3://{bucket}/{key}: {error}") from error
    return data, answer["ETag"].strip('"'), answer.get("VersionId"), answer["LastModified"]


@cache
def _client() -> Any:
    import boto3

    return boto3.client("s3")


def _classified(source: str, error: Any) -> Exception:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status in (404, 405):
        return PermanentError("gone", f"no object {source}")
    if status == 403:
        return PermanentError("forbidden", f"not allowed to read {source}")
    if status == 412:
        return SupersededError(f"{source} changed after it was named")
    return TransientError(f"{source}: {error}")
