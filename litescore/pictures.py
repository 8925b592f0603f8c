"""Pictures of records, small: read again from where they were scored, members of shards too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from litescore import image, shards, store
from litescore.errors import LitescoreError, PermanentError, SupersededError
from litescore.record import Record, Subject
from litescore.settings import Settings
from litescore.store.s3 import is_s3

SIDE = 160
_Content: TypeAlias = bytes | NDArray[np.uint8] | LitescoreError


def of(record: Record) -> Subject:
    """The image that a record is about."""
    return Subject(record.source, record.member, record.etag, record.version)


def thumbnails(
    images: Iterable[Subject], settings: Settings
) -> dict[Subject, bytes | LitescoreError]:
    """A PNG of each image, at most SIDE pixels a side; or the error that tells why there is none.

    Each file is read once, however many of its members are asked for; `settings` bound sizes.
    """
    by_file: dict[Subject, list[Subject]] = defaultdict(list)
    for one in images:
        by_file[one._replace(member=None)].append(one)
    return {
        one: _thumbnail(content, settings)
        for file, asked in by_file.items()
        for one, content in _contents(file, asked, settings)
    }


def _contents(
    file: Subject, asked: list[Subject], settings: Settings
) -> Iterator[tuple[Subject, _Content]]:
    """The bytes or pixels of the images asked for, which are the file itself or its members."""
    inside = {one.member: one for one in asked if one.member is not None}
    try:
        data = _bytes_of(file, bool(inside), settings)
    except LitescoreError as error:
        yield from ((one, error) for one in asked)
        return
    yield from ((one, data) for one in asked if one.member is None)
    for member in shards.members(file.source, data, settings) if inside else ():
        if member.name in inside:
            yield inside.pop(member.name), member.content
        if not inside:
            break
    yield from ((one, PermanentError("gone", "no such member")) for one in inside.values())


def _bytes_of(file: Subject, is_shard: bool, settings: Settings) -> bytes:
    if not is_s3(file.source) and not store.local_path(file.source).is_file():
        # A camera would be opened by reading its device.
        raise PermanentError("gone", "it is no file here")
    if is_shard and not shards.is_shard(file.source):
        raise PermanentError("unsupported", "it is part of a clip")
    limit = settings.max_shard_bytes if is_shard else settings.max_bytes
    blob = store.read(file, max_bytes=limit)
    if file.etag is not None and blob.etag != file.etag:
        raise SupersededError("it changed after it was scored")
    return blob.data


def _thumbnail(content: _Content, settings: Settings) -> bytes | LitescoreError:
    if isinstance(content, LitescoreError):
        return content
    data = image.encode_png(content) if isinstance(content, np.ndarray) else content
    try:
        picture = image.decode(data, max_pixels=settings.max_pixels, max_bytes=settings.max_bytes)
    except PermanentError as error:
        return error
    picture.thumbnail((SIDE, SIDE))
    return image.encode_png(picture)
