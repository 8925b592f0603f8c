"""The account's bucket for what is deployed: function zips and large templates, named by digest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.cloud import refusals
from infra.cloud.account import Clients
from litescore.errors import ConfigurationError

Progress = Callable[[int, int], None]

_WAIT = {"Delay": 1, "MaxAttempts": 60}


def name(number: str, region: str) -> str:
    """The bucket's name in an account's region."""
    return f"litescore-code-{number}-{region}"


def upload(
    clients: Clients,
    path: Path,
    key: str,
    progress: Progress = lambda _done, _total: None,
) -> str:
    """Put a file there unless it is there already; the bucket's name. The bucket is made if needed.

    `progress` is told bytes done and in all. Raises ConfigurationError where another account owns
    a bucket of that name.
    """
    s3, number = clients("s3"), str(clients("sts").get_caller_identity()["Account"])
    bucket = name(number, s3.meta.region_name)
    with refusals.told(f"cannot upload {path.name} to bucket {bucket}"):
        _make(s3, bucket, number)
        size, done = path.stat().st_size, 0
        if _has(s3, bucket, key, number, size):
            return bucket

        def sent(count: int) -> None:
            nonlocal done
            done += count
            progress(done, size)

        owner = {"ExpectedBucketOwner": number}
        s3.upload_file(str(path), bucket, key, ExtraArgs=owner, Callback=sent)
    return bucket


def _make(s3: Any, bucket: str, number: str) -> None:
    if is_ours(s3, bucket, number):
        return
    region = s3.meta.region_name
    # us-east-1 is the one region that may not be named here.
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    options = {"CreateBucketConfiguration": place} if place else {}
    try:
        s3.create_bucket(Bucket=bucket, **options)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        return
    except s3.exceptions.BucketAlreadyExists:
        raise _taken(bucket) from None
    s3.get_waiter("bucket_exists").wait(Bucket=bucket, WaiterConfig=_WAIT)
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
    )


def is_ours(s3: Any, bucket: str, number: str) -> bool:
    """Whether the account has a bucket of that name."""
    from botocore.exceptions import ClientError

    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=number)
    except ClientError as error:
        # 403 is another account's, or of one who may create and not look: creating will tell.
        if refusals.code(error) in ("404", "403", "NoSuchBucket", "AccessDenied"):
            return False
        raise
    return True


def _has(s3: Any, bucket: str, key: str, number: str, size: int) -> bool:
    from botocore.exceptions import ClientError

    try:
        head = s3.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=number)
    except ClientError:
        return False
    return bool(head["ContentLength"] == size)


def _taken(bucket: str) -> ConfigurationError:
    return ConfigurationError(f"bucket {bucket} belongs to another account: use another region")
