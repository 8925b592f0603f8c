"""Direct calls: objects, a prefix or a manifest; and the call that does what there was no time for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from lambda_handler.fields import Event, list_field, names_in, shown, subject
from litescore import store
from litescore.errors import ConfigurationError, UnknownEvent
from litescore.record import Subject
from litescore.store import s3

_FIELDS = {"objects", "prefix", "manifest", "after"}


class Request:
    """A direct call, and how far into it an invocation came.

    `{"objects": [...]}` holds s3:// URLs or `{"bucket", "key", "etag", "version"}`;
    `{"prefix": "s3://bucket/folder/"}` lists; `{"manifest": "s3://bucket/list.csv"}` reads a list.
    A continuation has `after`, where in a listing or list to go on (a key or a number of lines),
    and as `objects` what of it was left before.
    """

    def __init__(self, event: Event) -> None:
        """Raises UnknownEvent for a field that is unknown, missing or of another kind."""
        if extra := set(event) - _FIELDS:
            raise UnknownEvent(f"unknown field in a direct call: {names_in(extra)}")
        self.prefix = _place(event, "prefix")
        self.manifest = _place(event, "manifest")
        self.after = event.get("after")
        self.objects = (
            tuple(map(_named, list_field(event, "objects"))) if "objects" in event else ()
        )
        self.finished = False
        self._check()

    def _check(self) -> None:
        if self.prefix and self.manifest:
            raise UnknownEvent('a direct call has either "prefix" or "manifest": give one of them')
        number = isinstance(self.after, int) and not isinstance(self.after, bool)
        fits = (
            self.after is None
            or (self.prefix and isinstance(self.after, str))
            or (self.manifest and number and self.after >= 0)
        )
        if not fits:
            raise UnknownEvent(
                f'"after" is {shown(self.after)}: a key after a prefix, a number after a manifest'
            )

    def subjects(self, late: Callable[[], bool]) -> Iterator[Subject]:
        """What to score, until it is late: a listing may be longer than any invocation."""
        yield from self.objects
        for after, one in self._listed():
            if late():
                return
            self.after = after
            yield one
        self.finished = True

    def continuation(self, left: Iterable[Subject]) -> dict[str, Any] | None:
        """The event that does the rest, None where there is none. `left` came out of `subjects`."""
        event: dict[str, Any] = {}
        if not self.finished:
            place = {"prefix": self.prefix, "manifest": self.manifest, "after": self.after}
            event |= {name: value for name, value in place.items() if value is not None}
        if again := [_as_object(one) for one in dict.fromkeys(left)]:
            event["objects"] = again
        return event or None

    def _listed(self) -> Iterator[tuple[str | int, Subject]]:
        if self.prefix:
            return _under(self.prefix, self.after)
        return _in_manifest(self.manifest, self.after or 0) if self.manifest else iter(())


def _under(prefix: str, after: str | None) -> Iterator[tuple[str, Subject]]:
    for entry in store.list_objects(prefix, after):
        yield s3.split(entry.source)[1], entry.subject


def _in_manifest(url: str, done: int) -> Iterator[tuple[int, Subject]]:
    from litescore import manifests

    for number, one in enumerate(islice(manifests.read(url), done, None), done + 1):
        if not s3.is_s3(one.source):
            raise UnknownEvent(f"{url} lists {shown(one.source)}, which is not in S3")
        yield number, one


def _place(event: Event, name: str) -> str | None:
    if name not in event:
        return None
    url = event[name]
    if not isinstance(url, str) or not s3.is_s3(url):
        raise UnknownEvent(f'"{name}" is {shown(url)}, not an s3:// URL')
    try:
        s3.split(url)
        url.encode()
    except (ConfigurationError, UnicodeEncodeError) as error:
        raise UnknownEvent(f'"{name}": {error}') from error
    return url


def _named(one: Any) -> Subject:
    if isinstance(one, str):
        bucket, _, key = one.removeprefix("s3://").partition("/")
        if not s3.is_s3(one):
            raise UnknownEvent(f"the object {shown(one)} is not an s3:// URL")
        return subject(bucket, key)
    if not isinstance(one, dict) or not {"bucket", "key"} <= set(one):
        raise UnknownEvent(f'an object is an s3:// URL or {{"bucket", "key"}}, not {shown(one)}')
    if unknown := set(one) - {"bucket", "key", "etag", "version"}:
        raise UnknownEvent(f"unknown field in an object: {names_in(unknown)}")
    return subject(one["bucket"], one["key"], one.get("etag"), one.get("version"))


def _as_object(one: Subject) -> str | dict[str, str]:
    if not (one.etag or one.version):
        return one.source
    bucket, key = s3.split(one.source)
    named = {"bucket": bucket, "key": key, "etag": one.etag, "version": one.version}
    return {name: value for name, value in named.items() if value}
