"""What is new or changed in a bucket since the last time, as a manifest for the state machine.

`{"changes": {"bucket", "prefix", "max_images"}}` lists the bucket and leaves out what this model has
a record of; `{"changed": <the answer>}`, once all of it is scored, moves the mark from which the
next listing is looked at. A listing longer than an invocation is gone on with by the answer's
`continuation`. It scores nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from lambda_handler import known as knowing
from lambda_handler import marks
from lambda_handler.checkpoints import Checkpoints
from lambda_handler.fields import Event, names_in, shown, text_field
from lambda_handler.known import Known
from litescore import shards, store
from litescore.errors import ConfigurationError, UnknownEvent
from litescore.record import Subject
from litescore.store import s3

# What S3 dates before the mark may come to light after it: an upload in parts has the time of its
# beginning. Looking twice costs a look into the records.
OVERLAP = timedelta(days=1)
# Listed objects between two looks at the deadline.
_STEP = 500
_MOST_BYTES = 2**31
# Images that one search finds, whatever is asked for: their list is held in memory, some 150 bytes
# each and a copy of it, and written in the seconds that an invocation keeps for its end. The next
# search finds the rest.
MOST_IMAGES = 500_000
_FIELDS = {"bucket", "prefix", "max_images", "inventory"}


@dataclass(frozen=True)
class Asked:
    """Where to look for changes.

    inventory  URL of the manifest.json of an S3 Inventory, which is read in the listing's place
    """

    bucket: str
    prefix: str
    max_images: int
    inventory: str | None = None

    @classmethod
    def read(cls, fields: Any) -> Asked:
        """Raises UnknownEvent for a field that is unknown, missing or of another kind."""
        if not isinstance(fields, Mapping):
            raise UnknownEvent(f'"changes" is {shown(fields)}, not {{"bucket", "prefix", ...}}')
        if extra := set(fields) - _FIELDS:
            raise UnknownEvent(f'unknown field in "changes": {names_in(extra)}')
        bucket, prefix = text_field(fields, "bucket"), fields.get("prefix", "")
        most, inventory = fields.get("max_images"), fields.get("inventory") or None
        if not s3.is_bucket(bucket) or not isinstance(prefix, str):
            raise UnknownEvent(f"bucket {shown(bucket)}, prefix {shown(prefix)}: no such place")
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise UnknownEvent(f"max_images is {shown(most)}, not a number above 0")
        if inventory is not None and not (isinstance(inventory, str) and s3.is_s3(inventory)):
            raise UnknownEvent(f"inventory is {shown(inventory)}, not an s3:// URL")
        return cls(bucket, prefix, most, inventory)

    @property
    def url(self) -> str:
        """The prefix as an s3:// URL."""
        return f"s3://{self.bucket}/{self.prefix}"

    def as_json(self) -> dict[str, object]:
        """The fields of an event."""
        given = {"inventory": self.inventory} if self.inventory else {}
        place = {"bucket": self.bucket, "prefix": self.prefix, "max_images": self.max_images}
        return place | given


@dataclass(frozen=True)
class Progress:
    """How far a search came: the `after` of a continuation.

    started   when it began; what the mark becomes
    since     the time from which objects are looked at, None for all of them
    step      how many invocations worked on it before
    records   key of records after which to go on, "" where they are all read
    listed    key, or number of rows of an inventory, after which to go on
    images    how many were found
    model     digest of the model that it is for; None for that of the first step
    """

    started: str
    since: str | None
    step: int = 0
    records: str | None = None
    listed: str | int | None = None
    images: int = 0
    model: str | None = None

    @classmethod
    def read(cls, fields: Any) -> Progress:
        """Raises UnknownEvent for what no answer holds."""
        try:
            found = cls(**fields)
            datetime.fromisoformat(found.started)
            datetime.fromisoformat(found.since or found.started)
            if not isinstance(found.model, str | None):
                raise TypeError
        except (TypeError, ValueError):
            raise UnknownEvent(f'"after" is {shown(fields)}: no answer holds it') from None
        return found


class Search:
    """One search of one invocation. `place` is where records go, `model` the digest of the model."""

    def __init__(self, asked: Asked, place: str, model: str) -> None:
        self.asked, self.place, self.model = asked, place, model
        self._most = min(asked.max_images, MOST_IMAGES)
        self._bucket = s3.split(place)[0]
        self._checkpoints = Checkpoints(place, model)
        self._manifest = bytearray()
        self._started = ""
        _refuse_place(asked, place, f"s3://{self._bucket}/manifests/")

    def run(self, after: Progress | None, late: Callable[[], bool]) -> dict[str, Any]:
        """The answer, once the manifest is written."""
        now = after or self._begun()
        self._started = now.started
        known, now = self._known(now, late)
        finished = False
        if now.records == "":
            known.sort()
            now, finished = self._listed(now, known, late)
        store.put(self._kept(now.step, "jsonl"), bytes(self._manifest))
        full = now.images >= self._most and not finished
        if not finished and not full:
            # Read once, it need not be read again.
            store.put(self._kept(now.step, "known"), known.packed())
        return self._answer(now, finished=finished, full=full)

    def _begun(self) -> Progress:
        mark = None
        if not self.asked.inventory:
            mark = marks.newest(self.place, self.model, self.asked.url)
        since = (mark - OVERLAP).isoformat() if mark else None
        return Progress(datetime.now(UTC).isoformat(), since)

    def _known(self, now: Progress, late: Callable[[], bool]) -> tuple[Known, Progress]:
        """What has its record, and with `records` "" all of it."""
        known = Known()
        if now.step:
            known = Known(self._earlier(now.step - 1, "known"))
            self._manifest += self._earlier(now.step - 1, "jsonl")
        if now.records == "":
            return known, now
        since = datetime.fromisoformat(now.since).date() if now.since else None
        after = knowing.read(
            known, self.place, self.model, since=since, after=now.records, late=late
        )
        return known, replace(now, records=after or "")

    def _listed(
        self, now: Progress, known: Known, late: Callable[[], bool]
    ) -> tuple[Progress, bool]:
        """What is found until it is late or there are enough, and whether that is all."""
        since = datetime.fromisoformat(now.since) if now.since else None
        images, after = now.images, now.listed
        for number, (at, subject, modified) in enumerate(self._candidates(now.listed), 1):
            old = since is not None and modified is not None and modified < since
            if subject is not None and not old and self._is_new(subject, known):
                if images == self._most:
                    return replace(now, listed=after, images=images), False
                images += 1
                self._manifest += _line(subject)
            after = at
            if number % _STEP == 0 and late():
                return replace(now, listed=after, images=images), False
        return replace(now, listed=after, images=images), True

    def _candidates(
        self, after: str | int | None
    ) -> Iterator[tuple[str | int, Subject | None, datetime | None]]:
        """Where it stands, the object (None for one of another prefix), and its time if known."""
        if self.asked.inventory:
            yield from self._in_inventory(self.asked.inventory, int(after or 0))
            return
        for entry in store.list_objects(self.asked.url, str(after) if after else None):
            yield s3.split(entry.source)[1], entry.subject, entry.modified

    def _in_inventory(self, url: str, done: int) -> Iterator[tuple[int, Subject | None, None]]:
        from litescore import manifests

        for number, one in enumerate(islice(manifests.read(url), done, None), done + 1):
            inside = one.source.startswith(self.asked.url)
            if inside and not one.etag:
                raise ConfigurationError(
                    f"{url} lists {one.source} without an ETag, so nothing tells whether it has a "
                    "record: add the field ETag to the inventory"
                )
            yield number, Subject(one.source, etag=one.etag) if inside else None, None

    def _is_new(self, subject: Subject, known: Known) -> bool:
        if subject not in known:
            return True
        # A shard of which some members have no record has a checkpoint.
        return shards.is_shard(subject.source) and self._checkpoints.is_open(subject)

    def _answer(self, now: Progress, *, finished: bool, full: bool) -> dict[str, Any]:
        again = vars(replace(now, step=now.step + 1, model=self.model))
        asked = self.asked.as_json()
        return {
            "manifest": {
                "bucket": self._bucket,
                "key": s3.split(self._kept(now.step, "jsonl"))[1],
            },
            "images": now.images,
            "complete": finished,
            "since": now.since,
            "until": None if self.asked.inventory else now.started,
            "model": self.model,
            "changes": asked,
            "continuation": None if finished or full else {"changes": asked, "after": again},
        }

    def _kept(self, step: int, kind: str) -> str:
        """A name for each step: one that is tried again adds to nothing twice."""
        time = datetime.fromisoformat(self._started).strftime(marks.TIME)
        run = f"{time}-{marks.name(self.model, self.asked.url)}"
        return f"s3://{self._bucket}/manifests/{run}-{step}.{kind}"

    def _earlier(self, step: int, kind: str) -> bytes:
        return store.read(Subject(self._kept(step, kind)), max_bytes=_MOST_BYTES).data


def find(event: Event, place: str, model: str, late: Callable[[], bool]) -> dict[str, Any]:
    """The answer to `{"changes": ...}`: manifest, how many images it lists, and whether that is all.

    Raises UnknownEvent for an event of another shape, ConfigurationError where records would be
    read as images.
    """
    if extra := set(event) - {"changes", "after"}:
        raise UnknownEvent(f"unknown field beside changes: {names_in(extra)}")
    after = Progress.read(event["after"]) if event.get("after") else None
    # A channel may have handed out another model since the first step, or to another environment.
    begun_for = (after and after.model) or model
    return Search(Asked.read(event["changes"]), place, begun_for).run(after, late)


def mark(event: Event, place: str, model: str) -> dict[str, Any]:
    """The answer to `{"changed": <answer of find>}`: the time of the last complete run.

    `model` is the digest of the one that is loaded: where it is not the one that the answer is
    about, that was replaced meanwhile, and nothing says that it scored what it was to score.
    """
    if set(event) != {"changed"} or not isinstance(event["changed"], Mapping):
        raise UnknownEvent(f'"changed" is the answer to "changes", alone: {names_in(event)}')
    answer = event["changed"]
    asked, scored_by = Asked.read(answer.get("changes")), text_field(answer, "model")
    until = answer.get("until")
    if answer.get("complete") is True and until is not None:
        try:
            time = datetime.fromisoformat(until)
        except (TypeError, ValueError):
            raise UnknownEvent(f"until is {shown(until)}, not a time") from None
        if model == scored_by:
            marks.make(place, model, asked.url, time)
    found = marks.newest(place, scored_by, asked.url)
    return {"since": found.isoformat() if found else None}


def _line(subject: Subject) -> bytes:
    bucket, key = s3.split(subject.source)
    item = {"Bucket": bucket, "Key": key} | ({"Etag": subject.etag} if subject.etag else {})
    if key.endswith("/"):
        # What has no bytes was left out: without a size it would be taken for a folder marker.
        item["Size"] = "unknown"
    return f"{json.dumps(item)}\n".encode()


def _refuse_place(asked: Asked, place: str, manifests: str) -> None:
    if place.startswith(asked.url) or asked.url.startswith((place, manifests)):
        raise ConfigurationError(
            f"{asked.url} holds records, which are in {place}: they would be read as images, for "
            "ever; let LITESCORE_OUTPUT name another bucket, or a prefix outside of this one"
        )
    if manifests.startswith(place):
        raise ConfigurationError(
            f"records are in {place}, and {manifests} in it: let LITESCORE_OUTPUT name another "
            "prefix of its bucket"
        )
