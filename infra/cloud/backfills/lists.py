"""A list of images in the form that the state machine reads, in the output bucket.

`manifests/<digest>.jsonl`: a line `{"Bucket", "Key", "Etag", "Version"}` for each image. Any form that
litescore.manifests reads is taken.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.cloud.account import Account
from infra.cloud.refusals import told
from infra.cloud.stack import Stack
from litescore import manifests
from litescore.errors import ConfigurationError, UsageError
from litescore.record import Subject
from litescore.store import s3

_FOLDER = "manifests/"
_EVERY = 10_000
# What a Distributed Map reads of one file at most.
_MOST_BYTES = 10 * 10**9


@dataclass(frozen=True)
class Kept:
    """Where the list is, and how many images it names."""

    bucket: str
    key: str
    images: int


def keep(
    account: Account, stack: Stack, named: str, tell: Callable[[int], None] = lambda _: None
) -> Kept:
    """Read a list, a path or an s3:// URL, and keep it for the state machine; `tell` hears how many
    images it has so far.

    Raises UsageError for an image that the stack's function may not read and for a list of more bytes
    than a state machine reads, ConfigurationError for one that cannot be read or kept.
    """
    with tempfile.TemporaryDirectory(prefix="litescore-backfill-") as scratch:
        folder = Path(scratch)
        local = str(_fetched(account, named, folder)) if s3.is_s3(named) else named
        rows = _rows(manifests.read(local), stack, named)
        path = folder / "list.jsonl"
        images, digest = _write(rows, path, named, tell)
        if not images:
            raise UsageError(f"{named} lists no image")
        bucket, key = stack.outputs["OutputBucket"], f"{_FOLDER}{digest}.jsonl"
        with told(f"cannot keep the list in s3://{bucket}/{key}"):
            account.client("s3").upload_file(str(path), bucket, key)
        return Kept(bucket, key, images)


def _rows(subjects: Iterator[Subject], stack: Stack, named: str) -> Iterator[dict[str, str]]:
    bucket = stack.outputs["InputBucket"]
    place = f"s3://{bucket}/{stack.outputs.get('InputPrefix', '')}"
    for number, one in enumerate(subjects, 1):
        if not one.source.startswith(place):
            raise UsageError(
                f"{named}: image {number} is {one.source}, and the function of this stack reads "
                f"{place} only: deploy another stack for that"
            )
        row = {"Bucket": bucket, "Key": s3.split(one.source)[1], "Etag": one.etag or ""}
        yield row | ({"Version": one.version} if one.version else {})


def _write(
    rows: Iterator[dict[str, str]], path: Path, named: str, tell: Callable[[int], None]
) -> tuple[int, str]:
    """How many lines, and the digest of all: the same list is kept once."""
    digest, images, size = hashlib.sha256(), 0, 0
    with path.open("wb") as file:
        for images, row in enumerate(rows, 1):
            line = f"{json.dumps(row)}\n".encode()
            size += len(line)
            if size > _MOST_BYTES:
                raise UsageError(
                    f"{named} is too long: a state machine reads {_MOST_BYTES:,} bytes of a list, "
                    f"here its first {images - 1:,} images: split it, or name a prefix"
                )
            digest.update(line)
            file.write(line)
            if images % _EVERY == 0:
                tell(images)
    tell(images)
    return images, digest.hexdigest()[:32]


def _fetched(account: Account, url: str, folder: Path) -> Path:
    """A list in S3, copied: by the account's own client, whose profile the data path knows not."""
    client = account.client("s3")
    path = _download(client, *s3.split(url), folder)
    if path.suffix == ".json":
        for bucket, key in _inventory_files(path):
            _download(client, bucket, key, folder)
    return path


def _inventory_files(path: Path) -> list[tuple[str, str]]:
    try:
        held: Any = json.loads(path.read_bytes())
        bucket = held["destinationBucket"].rpartition(":")[2]
        return [(bucket, file["key"]) for file in held["files"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(f"{path.name} is no manifest.json of an S3 Inventory") from None


def _download(client: Any, bucket: str, key: str, folder: Path) -> Path:
    path = folder / Path(key).name
    with told(f"cannot read s3://{bucket}/{key}"):
        client.download_file(bucket, key, str(path))
    return path
