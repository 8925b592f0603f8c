"""A model in S3, pinned: by its version id, so that the very bytes are read, and by its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.cloud import refusals
from infra.cloud.account import Account
from litescore.errors import ModelError, UsageError
from litescore.store import s3 as addresses

Progress = Callable[[int, int], None]

_PIECE = 1 << 20
# At byte 4 of every .tflite file.
_MARK = b"TFL3"


@dataclass(frozen=True)
class Pin:
    """A model of which nothing can change unseen; `version` is "" in a bucket without versions."""

    path: str
    version: str
    sha256: str

    @property
    def parameters(self) -> dict[str, str]:
        """The template's parameters that say it."""
        return {
            "ModelPath": self.path,
            "ModelVersion": self.version,
            "ModelSha256": self.sha256,
        }


def pin(account: Account, url: str, progress: Progress = lambda _done, _total: None) -> Pin:
    """The newest version of the model at an s3:// URL, read once for its digest.

    `progress` is told bytes done and in all. Raises UsageError for another URL, ModelError for
    what is no .tflite file, ConfigurationError for one that cannot be read.
    """
    if not addresses.is_s3(url):
        raise UsageError(f"--model {url!r} is not in S3: s3://bucket/key, or `zip`")
    bucket, key = addresses.split(url)
    with refusals.told(f"cannot read the model {url}"):
        answer = account.client("s3").get_object(Bucket=bucket, Key=key)
        version = answer.get("VersionId", "")
        digest = _digest(url, answer, progress)
    # "null" is the version of what was put before versioning was turned on: it can be overwritten.
    return Pin(f"{bucket}/{key}", "" if version == "null" else version, digest)


def _digest(url: str, answer: Any, progress: Progress) -> str:
    total, done, digest = answer["ContentLength"], 0, hashlib.sha256()
    for piece in answer["Body"].iter_chunks(_PIECE):
        if not done and piece[4:8] != _MARK:
            raise ModelError(f"{url} is no .tflite file")
        done += len(piece)
        digest.update(piece)
        progress(done, total)
    if not done:
        raise ModelError(f"{url} is empty")
    return digest.hexdigest()
