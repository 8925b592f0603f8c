"""A batch of items of a Step Functions Distributed Map over a listing of S3."""

from __future__ import annotations

from typing import Any

from lambda_handler.fields import Event, field, is_marker, list_field, subject, text_field
from litescore.errors import UnknownEvent
from litescore.record import Subject

_FIX = 'give the Map an ItemBatcher with BatchInput {"bucket": "..."}'


def items(event: Event) -> tuple[Subject, ...]:
    """The objects of `{"Items": [...], "BatchInput": {"bucket": ...}}`, folder markers left out.

    Raises UnknownEvent, with the fix, where nothing says which bucket the keys are in.
    """
    if "Items" not in event:
        raise UnknownEvent(f"an item of a Distributed Map by itself names no bucket: {_FIX}")
    batch_input = event.get("BatchInput")
    if not isinstance(batch_input, dict) or "bucket" not in batch_input:
        raise UnknownEvent(f"items of a Distributed Map without BatchInput.bucket: {_FIX}")
    bucket = batch_input["bucket"]
    listed = list_field(event, "Items")
    return tuple(_listed(bucket, item) for item in listed if not _is_marker(item))


def _is_marker(item: Any) -> bool:
    return is_marker(field(item, "Key"), item.get("Size"))


def _listed(bucket: Any, item: Any) -> Subject:
    return subject(bucket, text_field(item, "Key"), item.get("Etag"))
