"""The balance of inputs against records: nothing lost, nothing double.

An image is what a listing names: a source under an ETag. It is accounted for by one record, scored
or failed, of that source and ETag. A record without an ETag (the object could not be read, and
the event named none) stands for the source under whatever ETag, as long as no record has one; so
does a listing without one.

A shard is accounted for by any record of it, unless its members are asked for: then it is read,
and each member is an image. Where reading breaks, one more record, without a member, accounts for
all that lies behind; where no member has a record, such a one accounts for the whole shard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from litescore import shards, store
from litescore.errors import ImageError, SupersededError
from litescore.record import Record, Subject
from litescore.results import ledger
from litescore.results.counts import place
from litescore.results.ledger import Ledger
from litescore.settings import Settings


@dataclass(frozen=True)
class Double:
    """An image that several records claim: their ids differ, so nothing tells which one holds."""

    subject: Subject
    ids: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The image and the ids as plain JSON values."""
        return _as_json(self.subject) | {"ids": [*self.ids]}


@dataclass(frozen=True)
class Unopened:
    """A shard that could not be read when its members were asked for, and why."""

    subject: Subject
    reason: str


@dataclass(frozen=True)
class Balance:
    """What a listing and the records for it come to.

    listed      images of the listing, each once; a shard is one, or where it was read its members
    missing     how many of them have no scored or failed record
    double      how many have more than one that differ by id
    superseded  superseded records: told beside, they account for nothing
    unlisted    scored and failed records of images not listed: deleted or overwritten since
    unopened    shards of which nobody knows whether all members have records
    members     whether members were asked for: then it does not hold while shards are unopened
    first_missing, first_double, first_unopened  some of them, in order of name; of the unopened
                those that could not be read
    """

    listed: int
    missing: int
    double: int
    superseded: int
    unlisted: int
    unopened: int
    members: bool
    first_missing: tuple[Subject, ...]
    first_double: tuple[Double, ...]
    first_unopened: tuple[Unopened, ...]

    @property
    def holds(self) -> bool:
        return not (self.missing or self.double or (self.members and self.unopened))

    def as_json(self) -> dict[str, object]:
        """The balance as plain JSON values."""
        return {
            "balanced": self.holds,
            "listed": self.listed,
            "missing": self.missing,
            "double": self.double,
            "superseded": self.superseded,
            "unlisted": self.unlisted,
            "unopened": self.unopened,
            "missing_images": [_as_json(subject) for subject in self.first_missing],
            "double_images": [double.as_json() for double in self.first_double],
            "unopened_shards": [
                {"source": one.subject.source, "etag": one.subject.etag, "reason": one.reason}
                for one in self.first_unopened
            ],
        }

    def lines(self) -> Iterator[str]:
        """What is named, a line each, for a person; `sentence` is the last."""
        for subject in self.first_missing:
            yield f"missing  {place(subject)}"
        for double in self.first_double:
            yield f"double   {place(double.subject)}: {', '.join(one[:12] for one in double.ids)}"
        for one in self.first_unopened:
            yield f"unread   {place(one.subject)}: {one.reason}"
        yield self.sentence()

    def sentence(self) -> str:
        """One line for a person."""
        parts = [f"{self.missing:,} missing", f"{self.double:,} double"]
        parts += [f"{self.superseded:,} superseded"] if self.superseded else []
        parts += [f"{self.unlisted:,} not listed"] if self.unlisted else []
        return f"{self.listed:,} listed: {', '.join(parts)}{self._about_shards()}{self._hint()}"

    def _about_shards(self) -> str:
        if not self.unopened:
            return ""
        number = f"{self.unopened:,} shard{'' if self.unopened == 1 else 's'}"
        if self.members:
            return f"; {number} could not be read"
        return f"; {number} not looked into (see --members)"

    def _hint(self) -> str:
        # Sources are compared as text: `photos` is not `/home/me/photos`.
        other = self.unlisted and self.listed == self.missing
        return "; name the inputs as they were scored" if other else ""


def balance(
    inputs: Iterable[Subject],
    records: Iterable[Record],
    *,
    show: int = 20,
    members: Settings | None = None,
) -> Balance:
    """Hold `inputs` against `records` (see `litescore.results`), which may repeat an id.

    Both are kept on disk, in the temporary folder, so that memory stays flat. `show` bounds how
    many of each kind are named. `members` are the limits to read shards with, one at a time, those
    that they were scored with; without them no shard is read.
    """
    with ledger.opened() as held:
        held.expect(_images(inputs, held, members))
        held.claim(records)
        return Balance(
            listed=held.count("listed"),
            missing=held.count("missing"),
            double=held.count("double"),
            superseded=held.count("superseded"),
            unlisted=held.count("unlisted"),
            unopened=held.count("unopened"),
            members=members is not None,
            first_missing=tuple(islice(held.missing(), show)),
            first_double=tuple(Double(one, tuple(ids)) for one, ids in islice(held.double(), show)),
            first_unopened=tuple(Unopened(*row) for row in islice(held.unopened(), show)),
        )


def _images(inputs: Iterable[Subject], held: Ledger, members: Settings | None) -> Iterator[Subject]:
    """The images that need a record each: of shards that are read the members."""
    for subject in inputs:
        if not shards.is_shard(subject.source):
            yield subject
        elif members is None:
            held.expect_shard(subject, is_open=False)
        else:
            yield from _members(subject, held, members)


def _members(shard: Subject, held: Ledger, settings: Settings) -> Iterator[Subject]:
    try:
        data = _read(shard, settings)
    except ImageError as error:
        held.expect_shard(shard, is_open=False, reason=str(error))
        return
    held.expect_shard(shard, is_open=True)
    # One that is broken ends with a member without a name: what lies behind has one record.
    for member in shards.members(shard.source, data, settings):
        yield shard._replace(member=member.name)


def _read(shard: Subject, settings: Settings) -> bytes:
    blob = store.read(shard, max_bytes=settings.max_shard_bytes)
    # A file is not read under an ETag.
    if shard.etag is not None and blob.etag != shard.etag:
        raise SupersededError("it changed after it was listed")
    return blob.data


def _as_json(subject: Subject) -> dict[str, object]:
    return {"source": subject.source, "member": subject.member, "etag": subject.etag}
