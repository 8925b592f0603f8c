"""How far into a shard an invocation came that had no time for all of it.

A shard is one object in an event, and may take longer than any function runs. Its members' records
are written, and beside them how many members that were: `_begun/<id of the shard>.json` under
LITESCORE_OUTPUT, where a leading underscore hides it from Athena. Lost, it costs time only: the
same members have the same ids. It also tells a shard that has some of its records from one that has
all: what broke off leaves one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress

from litescore import output, shards, store
from litescore.batch import Outcome
from litescore.errors import PermanentError, TransientError
from litescore.record import Subject

_FOLDER = "_begun"
_MOST_BYTES = 1024


class Checkpoints:
    """Those of one invocation: read when a shard is opened, kept when it is handed back, and each
    time that an object of records is full: an invocation may be killed after it.

    place  prefix of the records, ending in `/`
    model  digest of the model, which is part of a shard's id
    """

    def __init__(self, place: str, model: str) -> None:
        self._place = place
        self._model = model
        # By the shard as it is after reading, whose ETag an event may not name.
        self._members: dict[Subject, int] = {}
        # Those of which S3 has one that says anything, and how many members it says.
        self._noted: dict[Subject, int] = {}
        self._records = 0
        self._found: dict[Subject, Subject] = {}
        self._left: set[Subject] = set()

    def begun(self, shard: Subject) -> int:
        """How many of its members, from the first one on, have their records."""
        key = _key(shard)
        noted = None
        with suppress(TransientError):
            noted = self._read(key)
        if noted is not None:
            self._noted[key] = noted
        self._members[key] = noted or 0
        return self._members[key]

    def is_open(self, shard: Subject) -> bool:
        """Whether some of its members may have their records, and others none. Raises
        TransientError where S3 does not say: it would be taken for done, once and for all.
        """
        return self._read(_key(shard)) is not None

    def watch(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Pass outcomes on, counting the members of each shard."""
        for outcome in outcomes:
            record, key = outcome.record, None
            if record is not None and record.member is not None:
                key = Subject(record.source, etag=record.etag)
                self._found[outcome.asked] = key
                self._members[key] += 1
            elif record is None and shards.is_shard(outcome.asked.source):
                self._left.add(outcome.asked)
            yield outcome
            # Asked for the next one: with this one an object of records may have been written.
            self._records += record is not None
            if key and self._records % output.MOST_RECORDS == 0:
                self._note(key, self._members[key])

    def keep(self) -> None:
        """Note how far each shard came that is handed back, once its records are written; one that
        is through begins at its first member again, should it be asked for again.
        """
        for asked, key in self._found.items():
            members = self._members[key] if asked in self._left else 0
            if members or key in self._noted:
                self._note(key, members, is_open=members > 0)

    def keep_open(self) -> None:
        """Note, where the invocation breaks off, which shards may have some of their records; not
        how many more than was noted: nobody knows whether they could be written.
        """
        for key in self._found.values():
            self._note(key, self._noted.get(key, 0))

    def _note(self, key: Subject, members: int, *, is_open: bool = True) -> None:
        self._noted[key] = members
        with suppress(TransientError):
            held = json.dumps({"members": members, "open": is_open})
            store.put(self._url(key), held.encode())

    def _read(self, key: Subject) -> int | None:
        """The members that it says; None where there is none, or of a shard that was through."""
        try:
            data = store.read(Subject(self._url(key)), max_bytes=_MOST_BYTES).data
            held = json.loads(data)
            members = int(held["members"])
            return members if members or held.get("open") is True else None
        except (PermanentError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _url(self, key: Subject) -> str:
        return f"{self._place}{_FOLDER}/{key.identity(self._model)}.json"


def _key(shard: Subject) -> Subject:
    return Subject(shard.source, etag=shard.etag)
