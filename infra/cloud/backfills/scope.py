"""What a backfill is to score: the words of the command as input of the state machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from infra.cloud.account import Account
from infra.cloud.backfills import lists
from infra.cloud.refusals import told
from infra.cloud.stack import Stack
from litescore.errors import UsageError
from litescore.store import s3

# What a Distributed Map takes at most.
ALL = 100_000_000
# Keys that are listed beforehand, to say how many images it is about: ten seconds.
_COUNTED = 100_000
_LISTS = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".json")
# Where the state machine may read an S3 Inventory by itself.
_INVENTORY = "inventory/"

Tell = Callable[[int], None]


@dataclass(frozen=True)
class Work:
    """What is to be scored.

    source      how the state machine finds it: objects, inventory, manifest or changes
    text        for people
    bucket      that holds the images
    prefix      of their keys
    manifest    (bucket, key) of the list, ("", "") where there is none
    max_images  the most that are scored
    images      how many there are, None where that is not known yet
    """

    source: str
    text: str
    bucket: str
    prefix: str = ""
    manifest: tuple[str, str] = ("", "")
    max_images: int = ALL
    images: int | None = None

    @property
    def expected(self) -> int | None:
        """Images that will be scored, None where that is not known."""
        return None if self.images is None else min(self.images, self.max_images)

    def input(self) -> str:
        """The state machine's input, all of its keys."""
        bucket, key = self.manifest
        return json.dumps(
            {
                "from": self.source,
                "bucket": self.bucket,
                "prefix": self.prefix,
                "manifest": {"bucket": bucket, "key": key},
                "max_images": self.max_images,
            }
        )


def changed(stack: Stack, max_images: int = ALL) -> Work:
    """What is new or changed in the input bucket since the last run of this kind."""
    bucket, prefix = stack.outputs["InputBucket"], stack.outputs.get("InputPrefix", "")
    text = f"what is new or changed in s3://{bucket}/{prefix}"
    return Work("changes", text, bucket, prefix, max_images=max_images)


def named(
    account: Account,
    stack: Stack,
    what: str,
    *,
    max_images: int = ALL,
    tell: Tell = lambda _: None,
) -> Work:
    """What a prefix, an inventory or a list names; lists are read here, and kept for the state
    machine.

    Raises UsageError, with the fix, for a bucket that the stack's function may not read and for
    words that name nothing.
    """
    if not what.endswith(_LISTS):
        return _under(account, stack, what, max_images)
    if s3.is_s3(what) and _reads_itself(account, stack, what):
        return Work("inventory", what, stack.outputs["InputBucket"], "", s3.split(what), max_images)
    if not s3.is_s3(what) and not Path(what).is_file():
        raise UsageError(f"no such file: {what}")
    kept = lists.keep(account, stack, what, tell)
    bucket = stack.outputs["InputBucket"]
    return Work("manifest", what, bucket, "", (kept.bucket, kept.key), max_images, kept.images)


def _reads_itself(account: Account, stack: Stack, url: str) -> bool:
    """Whether the state machine reads an inventory without us: ministack's cannot."""
    place = f"s3://{stack.outputs['OutputBucket']}/{_INVENTORY}"
    return url.endswith("/manifest.json") and url.startswith(place) and not account.local


def _under(account: Account, stack: Stack, url: str, max_images: int) -> Work:
    if not s3.is_s3(url):
        raise UsageError(
            f"{url!r} is no s3:// prefix and no list ({', '.join(_LISTS)}): to score files of this "
            "machine use `litescore score`"
        )
    bucket, prefix = s3.split(url)
    own, start = stack.outputs["InputBucket"], stack.outputs.get("InputPrefix", "")
    if bucket != own or not prefix.startswith(start):
        raise UsageError(
            f"{url}: the function of stack {stack.name} reads s3://{own}/{start} only: name "
            "something in it, or deploy another stack for that bucket"
        )
    images = _count(account, bucket, prefix, max_images)
    if images == 0:
        raise UsageError(f"there is no object under {url}")
    return Work("objects", url, bucket, prefix, max_images=max_images, images=images)


def _count(account: Account, bucket: str, prefix: str, most: int) -> int | None:
    """Objects under a prefix, None where there are more than is worth waiting for."""
    with told(f"cannot list s3://{bucket}/{prefix}"):
        pages = account.client("s3").get_paginator("list_objects_v2")
        keys = (
            entry["Key"]
            for page in pages.paginate(Bucket=bucket, Prefix=prefix)
            for entry in page.get("Contents", [])
        )
        limit = min(most, _COUNTED)
        found = sum(1 for _ in islice(keys, limit + 1))
    return found if found <= limit or limit == most else None
