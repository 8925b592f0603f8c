"""What every event form is made of: fields of JSON, JSON inside text, objects as they are named.

Whatever is not as a form has it is an UnknownEvent that names the field. It does not know forms.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from litescore.errors import UnknownEvent
from litescore.record import Subject
from litescore.store import s3

Event = Mapping[str, Any]

_LONGEST = 120


def field(thing: Any, *names: str) -> Any:
    """The value at `thing[name][name]...`. Raises UnknownEvent naming the field that is not there."""
    for depth, name in enumerate(names, 1):
        if not isinstance(thing, Mapping) or name not in thing:
            raise UnknownEvent(f"no field {'.'.join(names[:depth])} in {shown(thing)}")
        thing = thing[name]
    return thing


def text_field(thing: Any, *names: str) -> str:
    """A field that is text. Raises UnknownEvent naming it where it is not."""
    value = field(thing, *names)
    if not isinstance(value, str) or not value:
        raise UnknownEvent(f"field {'.'.join(names)} is {shown(value)}, not text")
    return value


def list_field(thing: Any, *names: str) -> list[Any]:
    """A field that is a list. Raises UnknownEvent naming it where it is not."""
    value = field(thing, *names)
    if not isinstance(value, list):
        raise UnknownEvent(f"field {'.'.join(names)} is {shown(value)}, not a list")
    return value


def parsed(text: Any) -> Any:
    """The JSON in a text. Raises UnknownEvent that tells where it ends being JSON, not what it is."""
    if not isinstance(text, str):
        raise UnknownEvent(f"a {type(text).__name__} where JSON as text belongs")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnknownEvent(f"not JSON: {error}") from error


def form_decoded(key: str) -> str:
    """A key out of S3's form encoding: `+` is a space, `%2B` a plus.

    Raises UnknownEvent for what is not UTF-8, which would name another object.
    """
    # Of an event without encoded keys it is not needed, and it takes milliseconds.
    from urllib.parse import unquote_plus

    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError as error:
        raise UnknownEvent(f"the key {shown(key)} is not UTF-8 when decoded") from error


def subject(bucket: Any, key: Any, etag: Any = None, version: Any = None) -> Subject:
    """The object of a raw key. Raises UnknownEvent for what cannot be an object of S3's."""
    for name, value in (("etag", etag), ("version", version)):
        if not isinstance(value, str | None):
            raise UnknownEvent(f"{name} is {shown(value)}, not text")
    if not (isinstance(bucket, str) and s3.is_bucket(bucket) and _is_key(key)):
        raise UnknownEvent(f"bucket {shown(bucket)}, key {shown(key)}: no object has this name")
    source = f"s3://{bucket}/{key}"
    return Subject(source, etag=(etag or "").strip('"') or None, version=version or None)


def _is_key(key: Any) -> bool:
    # Half a character is no UTF-8, which keys are made of.
    return isinstance(key, str) and key.encode(errors="ignore").decode() == key != ""


def is_marker(key: Any, size: object = None) -> bool:
    """Whether an object is a folder marker: a key that ends in `/` with no bytes behind it."""
    return isinstance(key, str) and key.endswith("/") and not size


def shown(value: Any) -> str:
    """A value for an error: one short line, whatever an event holds."""
    text = ascii(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...{text[-1]}"


def names_in(thing: Iterable[object]) -> str:
    """The names of an object's fields, for an error."""
    return shown(", ".join(sorted(map(str, thing))))[1:-1]
