"""Two releases on the same images: how often they say the same, and what they make of the rest.

Answers are kept on disk meanwhile, a line for each image and model.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from litescore import scratch
from litescore.record import Record, Subject

# Labels that go over into another, the most frequent first.
_MOVES = 5
_SCHEMA = "create table answers (image blob, model integer, label blob, score real);"
_SHARED = """
create index answers_image on answers (image, model);
create table shared as select * from answers
  where image in (select image from answers group by image having count(*) > 1);
create index shared_model on shared (model, image);
"""
_PAIR = """
select a.label, b.label, count(*), total(abs(a.score - b.score))
from shared a join shared b on b.model = ? and b.image = a.image
where a.model = ? group by a.label, b.label order by 3 desc, 1, 2
"""


@dataclass(frozen=True)
class Move:
    """Images that one release gives a label and the next another."""

    before: str
    after: str
    images: int


@dataclass(frozen=True)
class Agreement:
    """Two models on the same images: the same source, member and ETag, scored by both.

    before, after  their digests, the older first
    images         that both scored; same: those that both give the same best label
    apart          mean absolute difference of the best label's probability, 0..1
    moves          the most frequent changes of label
    """

    before: str
    after: str
    images: int
    same: int
    apart: float
    moves: tuple[Move, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return asdict(self) | {"share": self.same / self.images}


class Answers:
    """What each model answered to each image. Made by `kept`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._numbers: dict[str, int] = {}

    def add(self, record: Record) -> None:
        """Keep what a scored record says. A live camera's frames are left out: no other model has
        scored one.
        """
        if record.label is None or record.score is None or _is_live(record):
            return
        number = self._numbers.setdefault(record.model, len(self._numbers))
        image = Subject(record.source, record.member, record.etag).identity("")
        row = (bytes.fromhex(image[:32]), number, scratch.key(record.label), record.score)
        self._db.execute("insert into answers values (?, ?, ?, ?)", row)

    def agreements(self, order: Sequence[str]) -> list[Agreement]:
        """Of each model with the one before it that has images in common. To be asked for once.

        order  digests, the oldest first
        """
        self._db.executescript(_SHARED)
        known = [digest for digest in order if digest in self._numbers]
        found = (self._latest(known[:place], known[place]) for place in range(1, len(known)))
        return [one for one in found if one is not None]

    def _latest(self, earlier: Sequence[str], after: str) -> Agreement | None:
        pairs = (self._pair(before, after) for before in reversed(earlier))
        return next((pair for pair in pairs if pair is not None), None)

    def _pair(self, before: str, after: str) -> Agreement | None:
        images, same, apart = 0, 0, 0.0
        moves: list[Move] = []
        words = (self._numbers[after], self._numbers[before])
        for old, new, count, differences in self._db.execute(_PAIR, words):
            images, apart = images + count, apart + differences
            if old == new:
                same += count
            elif len(moves) < _MOVES:
                moves.append(Move(scratch.text(old), scratch.text(new), count))
        if not images:
            return None
        return Agreement(before, after, images, same, apart / images, tuple(moves))


@contextmanager
def kept() -> Iterator[Answers]:
    """An empty set of answers, gone when the block ends."""
    with scratch.database(_SCHEMA) as db:
        yield Answers(db)


def _is_live(record: Record) -> bool:
    """Whether its ETag is made of device, boot and run: a frame that was there once."""
    frame, etag = record.frame, record.etag
    if not frame or etag is None:
        return False
    return etag.startswith(f"{frame.get('device')}-{frame.get('boot')}-{frame.get('run')}-")
