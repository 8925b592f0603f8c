"""Small pictures of what was scored, fetched again from where it lies."""

from __future__ import annotations

from typing import Any

from litescore import image, shards
from litescore.errors import PermanentError
from litescore.pictures import SIDE
from litescore.record import Record
from litescore.settings import Settings

_KEPT = 200


class Pictures:
    """Thumbnails by the record's id; the last few hundred are kept."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self._settings = Settings()
        self._made: dict[str, bytes | None] = {}

    def of(self, record: Record) -> bytes | None:
        """A PNG; None where the image is broken, gone or changed since."""
        if record.id not in self._made:
            png = self._thumbnail(record)
            self._made[record.id] = png
            while len(self._made) > _KEPT:
                self._made.pop(next(iter(self._made)), None)
            return png
        return self._made.get(record.id)

    def _thumbnail(self, record: Record) -> bytes | None:
        content = self._content(record)
        if content is None:
            return None
        limits = {"max_pixels": self._settings.max_pixels, "max_bytes": self._settings.max_bytes}
        try:
            picture = image.decode(content, **limits)
        except PermanentError:
            return None
        picture.thumbnail((SIDE, SIDE))
        return image.encode_png(picture)

    def _content(self, record: Record) -> bytes | None:
        data = self._object(record)
        if data is None or record.member is None:
            return data
        for member in shards.members(record.source, data, self._settings):
            if member.name == record.member:
                found = member.content
                if isinstance(found, PermanentError):
                    return None
                return found if isinstance(found, bytes) else image.encode_png(found)
        return None

    def _object(self, record: Record) -> bytes | None:
        from botocore.exceptions import ClientError

        bucket, _, key = record.source.removeprefix("s3://").partition("/")
        match = {"IfMatch": f'"{record.etag}"'} if record.etag else {}
        limit = (
            self._settings.max_bytes if record.member is None else self._settings.max_shard_bytes
        )
        try:
            answer = self._s3.get_object(Bucket=bucket, Key=key, **match)
        except ClientError:  # gone, or another by now
            return None
        if answer["ContentLength"] > limit:
            return None
        data: bytes = answer["Body"].read()
        return data
