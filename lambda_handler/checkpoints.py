"""How far into a shard an invocation came that had no time for all of it.

A shard is one object in an event, and may take longer than any function runs. Its members' records
are written, and beside them how many members that were: `_begun/<id of the shard>.json` under
LITESCORE_OUTPUT, where a leading underscore hides it from Athena. Lost, it costs time only: the
same members have the same ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress

from litescore import shards, store
from litescore.batch import Outcome
from litescore.errors import ImageError, TransientError
from litescore.record import Subject

_FOLDER = "_begun"
_MOST_BYTES = 1024


class Checkpoints:
    """Those of one invocation: read when a shard is opened, kept when it is handed back.

    place  prefix of the records, ending in `/`
    model  digest of the model, which is part of a shard's id
    """

    def __init__(self, place: str, model: str) -> None:
        self._place = place
        self._model = model
        # By the shard as it is after reading, whose ETag an event may not name.
        self._before: dict[Subject, int] = {}
        self._members: dict[Subject, int] = {}
        self._found: dict[Subject, Subject] = {}
        self._left: set[Subject] = set()

    def begun(self, shard: Subject) -> int:
        """How many of its members, from the first one on, have their records."""
        key = _key(shard)
        self._before[key] = self._members[key] = self._read(key)
        return self._members[key]

    def watch(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Pass outcomes on, counting the members of each shard."""
        for outcome in outcomes:
            record = outcome.record
            if record is not None and record.member is not None:
                key = Subject(record.source, etag=record.etag)
                self._found[outcome.asked] = key
                self._members[key] += 1
            elif record is None and shards.is_shard(outcome.asked.source):
                self._left.add(outcome.asked)
            yield outcome

    def keep(self) -> None:
        """Note how far each shard came that is handed back, once its records are written; one that
        is through begins at its first member again, should it be asked for again.
        """
        for asked, key in self._found.items():
            members = self._members[key] if asked in self._left else 0
            if members or self._before[key]:
                with suppress(TransientError):
                    store.put(self._url(key), json.dumps({"members": members}).encode())

    def _read(self, key: Subject) -> int:
        try:
            data = store.read(Subject(self._url(key)), max_bytes=_MOST_BYTES).data
            return int(json.loads(data)["members"])
        except (ImageError, ValueError, KeyError, TypeError):
            return 0

    def _url(self, key: Subject) -> str:
        return f"{self._place}{_FOLDER}/{key.identity(self._model)}.json"


def _key(shard: Subject) -> Subject:
    return Subject(shard.source, etag=shard.etag)
