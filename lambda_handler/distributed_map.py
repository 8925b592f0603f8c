"""Items of a Step Functions Distributed Map: objects that were listed, in a batch or one by itself.

An item is `{"Bucket", "Key", "Etag"}`, as our state machine selects them or a manifest of JSON lines
has them; without `Bucket`, as S3 lists it, where `BatchInput` names the bucket; or
`{"row": {...}, "encoding": "url"}`, a row of an S3 Inventory, whose keys are URL-encoded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lambda_handler.fields import (
    Event,
    field,
    form_decoded,
    is_marker,
    list_field,
    shown,
    subject,
    text_field,
)
from litescore.errors import UnknownEvent
from litescore.record import Subject

_FIX = (
    'let the Map\'s ItemSelector name it as "Bucket", '
    'or give the Map an ItemBatcher with BatchInput {"bucket": "..."}'
)


def items(event: Event) -> tuple[Subject, ...]:
    """The objects of a batch `{"Items": [...]}` or of an item by itself; folder markers, and of an
    inventory older versions and delete markers, left out.

    Raises UnknownEvent, with the fix, where nothing says which bucket the keys are in.
    """
    return tuple(one for one, _ in _read(event))


def rest(event: Event, left: Collection[Subject]) -> dict[str, Any] | None:
    """The batch of what is left, for a state machine that asks for it by `BatchInput.continue`;
    None for any other, which would take an answer for the end of the batch.
    """
    given = event.get("BatchInput")
    if not left or not isinstance(given, Mapping) or given.get("continue") is not True:
        return None
    return {"Items": [item for one, item in _read(event) if one in left], "BatchInput": given}


def _read(event: Event) -> Iterator[tuple[Subject, Event]]:
    """Each object with the item that names it."""
    given = event.get("BatchInput")
    bucket = given.get("bucket") if isinstance(given, Mapping) else None
    for item in list_field(event, "Items") if "Items" in event else [event]:
        fields = _fields(item)
        if not _is_left_out(fields):
            yield _listed(fields, bucket), item


def _fields(item: Any) -> Event:
    """The fields of an item, with the key as it is in S3."""
    fields = item["row"] if isinstance(item, Mapping) and "row" in item else item
    key = text_field(fields, "Key")
    encoding = item.get("encoding")
    if encoding not in (None, "", "url"):
        raise UnknownEvent(f'the encoding of a key is {shown(encoding)}: "url" is understood')
    return {**fields, "Key": form_decoded(key)} if encoding else fields


def _is_left_out(fields: Event) -> bool:
    # An inventory's values are all texts.
    size = fields.get("Size")
    older = fields.get("IsLatest") == "false"
    deleted = fields.get("IsDeleteMarker") == "true"
    return older or deleted or is_marker(fields["Key"], None if size == "0" else size)


def _listed(fields: Event, bucket: Any) -> Subject:
    if "Bucket" not in fields and bucket is None:
        raise UnknownEvent(f"nothing names the bucket of {shown(fields['Key'])}: {_FIX}")
    etag = fields.get("Etag") or fields.get("ETag")
    version = fields.get("Version") or fields.get("VersionId")
    return subject(
        field(fields, "Bucket") if "Bucket" in fields else bucket, fields["Key"], etag, version
    )
