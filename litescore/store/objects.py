"""What a store hands out: an object's bytes, and an object as a listing names it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from litescore.errors import PermanentError, SupersededError
from litescore.record import Subject


class Blob(NamedTuple):
    """An object's bytes with the ETag (unquoted), version id and time (UTC) they were read under."""

    data: bytes
    etag: str | None
    version: str | None
    modified: datetime


class Listed(NamedTuple):
    """An object as a listing names it; `etag` is unquoted."""

    source: str
    size: int
    etag: str | None
    modified: datetime

    @property
    def subject(self) -> Subject:
        """To be read while it is the one that was listed."""
        return Subject(self.source, etag=self.etag)


def check_size(size: int, max_bytes: int) -> None:
    """Raises PermanentError `too-large` for a size, in bytes, above the limit."""
    if size > max_bytes:
        raise PermanentError("too-large", f"{size:,} bytes, the limit is {max_bytes:,}")


def check_etag(subject: Subject, etag: str | None) -> None:
    """Raises SupersededError for an answer that bears another ETag than the one asked for: its
    bytes would be scored under a name that is not theirs.
    """
    if subject.etag and etag and etag != subject.etag:
        raise SupersededError(f"{subject.source} came as {etag}, named was {subject.etag}")
