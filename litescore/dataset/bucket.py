"""Pictures under an s3:// prefix, and the files there that hold many."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from litescore import store
from litescore.dataset import spool
from litescore.dataset.picture import Picture, ReadWhole, is_inside, is_picture
from litescore.dataset.tree import Listing
from litescore.errors import DataError, PermanentError, SupersededError, TransientError
from litescore.record import Subject
from litescore.settings import Settings
from litescore.store import patience, s3
from litescore.store.objects import Listed

T = TypeVar("T")

_LONGEST_PAUSE = 1.0


@dataclass(frozen=True)
class Bucket(ReadWhole):
    """Objects whose keys begin with `prefix`, read while their ETag holds."""

    prefix: str

    def where(self, picture: Picture) -> str:
        """The object's s3:// URL."""
        return self.prefix + picture.path

    def read(self, picture: Picture) -> bytes:
        """Raises DataError also where the object changed, or is larger than Settings allow."""
        subject = Subject(self.where(picture), etag=picture.identity or None)
        most = Settings.read().max_bytes
        return _patiently(subject.source, lambda: store.read(subject, max_bytes=most).data)


def listed(prefix: str, title: str) -> Listing:
    """All that lies under a prefix that ends in `/`.

    Raises DataError for a prefix without objects, and for keys that are no paths.
    """
    place, pictures, others = Bucket(prefix), [], []
    for entry in objects(prefix):
        path = entry.source.removeprefix(prefix)
        if is_picture(path):
            if not is_inside(path):
                raise DataError(f"{entry.source} is no path of folders and a file: rename it")
            pictures.append(Picture(place, path, entry.etag or ""))
        else:
            others.append(path)
    if not pictures and not others:
        raise DataError(f"no data at {prefix}: no object is called so")
    return Listing(title, prefix, tuple(pictures), frozenset(), tuple(others))


def objects(prefix: str) -> list[Listed]:
    """The objects under a prefix. A listing that broke off goes on from there."""
    found: list[Listed] = []

    def rest() -> list[Listed]:
        after = found[-1].source.removeprefix("s3://").partition("/")[2] if found else None
        for entry in store.list_objects(prefix, after):
            found.append(entry)
        return found

    return _patiently(prefix, rest)


def fetched(url: str) -> tuple[Path, str]:
    """A temporary copy of an object, and its ETag. Raises DataError for one that is not there."""
    entry = next((one for one in objects(url) if one.source == url), None)
    if entry is None:
        raise DataError(f"no data at {url}: no such object; a folder ends in /")
    identity = entry.etag or str(entry.modified)

    def pieces() -> Iterator[bytes]:
        try:
            yield from s3.pieces(entry.subject, entry.size)
        except (PermanentError, SupersededError, TransientError) as error:
            raise DataError(f"cannot fetch {url}: {error}") from error

    return spool.copy(url, identity, pieces, least=entry.size), identity


def _patiently(what: str, ask: Callable[[], T]) -> T:
    """An answer of S3, asked for again while it is busy. Raises DataError naming `what`."""
    end, pause = time.monotonic() + patience.PATIENCE.total, patience.PATIENCE.pause
    while True:
        try:
            return ask()
        except TransientError as error:
            if time.monotonic() + pause > end:
                raise DataError(f"cannot use {what}: {error}; try again later") from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        except (PermanentError, SupersededError) as error:
            raise DataError(f"cannot use {what}: {error}; remove it or mend it") from error
