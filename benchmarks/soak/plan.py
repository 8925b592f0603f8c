"""What is done to the bucket and the queue, step by step: all of it decided by a seed."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote_plus

from benchmarks.soak.bodies import DENIED, Body, Stock

# Shares of the objects; what is left is good and left alone. Of each at least what covers its kinds.
POISON, SHARDS, REFUSED = 0.06, 0.003, 0.004
OVERWRITTEN, REPEATED, DELETED, RETURNED, ANNOUNCED = 0.04, 0.01, 0.02, 0.01, 0.05
JUNK = 0.001
_POISONS, _SHARDS = 7, 6

# Steps after its put at which something happens to an object: at once, or when it may be done.
_LAGS = (0, 1, 2, 5, 20, 60)
_ODD = (
    "a b", "plus+plus", "per%2Bcent", "é", "e\u0301", "😀", "what?x=1&y", "#hash", "[x]*", "50%",
    "back\\slash", "tab\there", "quote'\"<>", "a//b", " lead", "trail ",
)  # fmt: skip
_SLASH = "/lead"
_NONSENSE = ("no JSON {0}", '{{"number": {0}}}', "[{0}]", '{{"Records": {0}}}', "{0}")


@dataclass(frozen=True)
class Put:
    key: str
    body: Body


@dataclass(frozen=True)
class Delete:
    key: str


@dataclass(frozen=True)
class Announce:
    """A message about a put sent once more: `form` is S3, SNS or EventBridge."""

    put: Put
    form: str

    def message(self, bucket: str) -> str:
        """The message's body, its key encoded as the form has it."""
        key, etag = self.put.key, etag_of(self.put.body)
        if self.form == "EventBridge":
            thing = {"bucket": {"name": bucket}, "object": {"key": key, "etag": etag}}
            event = {"source": "aws.s3", "detail-type": "Object Created", "detail": thing}
            return json.dumps(event)
        encoded = {"key": quote_plus(key, safe="/"), "eTag": etag}
        record = {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": encoded},
        }
        notice = json.dumps({"Records": [record]})
        if self.form == "SNS":
            return json.dumps({"Type": "Notification", "Message": notice})
        return notice


@dataclass(frozen=True)
class Junk:
    """A message that no event is."""

    text: str


Step: TypeAlias = Put | Delete | Announce | Junk


def etag_of(body: Body) -> str:
    """The ETag that S3 gives a body put at once."""
    return hashlib.md5(body.data, usedforsecurity=False).hexdigest()


def make(objects: int, stock: Stock, rng: random.Random) -> list[Step]:
    """The steps that put so many objects, and what befalls some of them."""
    timed: list[tuple[int, int, Step]] = []

    def add(place: int, *steps: Step) -> None:
        for step in steps:
            timed.append((place, len(timed), step))

    for place, first in enumerate(_first_puts(objects, stock, rng)):
        add(place, first)
        if set(first.body.answers) == {None} and first.body.answers[None].label:
            for lag, step in _fate(first, stock, rng):
                add(place + lag, step)
    for number in range(_share(JUNK, objects, len(_NONSENSE))):
        text = _NONSENSE[number % len(_NONSENSE)].format(number)
        add(rng.randrange(objects), Junk(text))
    return [step for _, _, step in sorted(timed, key=lambda one: one[:2])]


def _share(part: float, objects: int, least: int) -> int:
    return max(least, round(part * objects))


def _first_puts(objects: int, stock: Stock, rng: random.Random) -> list[Put]:
    bodies = [stock.poison(n) for n in range(_share(POISON, objects, _POISONS))]
    bodies += [stock.shard(n) for n in range(_share(SHARDS, objects, _SHARDS))]
    denied = _share(REFUSED, objects, 2)
    good = [stock.good() for _ in range(objects - len(bodies) - denied)]
    puts = [(body, "") for body in bodies + good]
    puts += [(stock.denied(), DENIED) for _ in range(denied)]
    rng.shuffle(puts)
    return [Put(_key(n, folder, body, rng), body) for n, (body, folder) in enumerate(puts)]


def _key(number: int, folder: str, body: Body, rng: random.Random) -> str:
    if rng.random() < 0.8:
        return f"{folder}{number % 100:02d}/{number:06d}{body.suffix}"
    if not folder and rng.random() < 0.1:
        return f"{_SLASH}{number:06d}{body.suffix}"
    return f"{folder}odd/{rng.choice(_ODD)}{number:06d}{body.suffix}"


def _fate(first: Put, stock: Stock, rng: random.Random) -> Iterator[tuple[int, Step]]:
    """What befalls a good image after so many steps: mostly nothing."""
    lag, chance = rng.choice(_LAGS), rng.random()
    fates: tuple[tuple[float, list[Step]], ...] = (
        (ANNOUNCED, [Announce(first, rng.choice(("S3", "SNS", "EventBridge")))]),
        (OVERWRITTEN, [Put(first.key, stock.good())]),
        (REPEATED, [Put(first.key, first.body)]),
        (DELETED, [Delete(first.key)]),
        (RETURNED, [Delete(first.key), Put(first.key, first.body)]),
    )
    for share, what in fates:
        chance -= share
        if chance < 0:
            yield from ((lag + n * rng.choice(_LAGS), step) for n, step in enumerate(what))
            return
