"""What is new or changed since the last run: a listing held against the records, on a real server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from lambda_handler import changes, handler, marks, scoring
from litescore import store
from tests.lambda_handler.conftest import Records, upload
from tests.lambda_handler.searched import MODEL, OTHER, Find, items_of, listed, put, remember
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3


def test_a_night_scores_what_came_since_the_last(
    s3: S3, inputs: str, outputs: Records, pngs: Pngs
) -> None:
    """First everything; then, once that is marked, what was added and what was overwritten; each
    is scored by the batches that the manifest makes.
    """
    event = {"changes": {"bucket": inputs, "prefix": "", "max_images": 100}}

    def night() -> list[str]:
        answer = handler(event, None)
        items = items_of(answer)
        handler({"Items": items}, None)
        assert (answer["complete"], answer["continuation"]) == (True, None)
        assert handler({"changed": answer}, None) == {"since": answer["until"]}
        return [item["Key"] for item in items]

    keys = upload(s3, inputs, pngs, 3, folder="a b/ü+")
    s3.client.put_object(Bucket=inputs, Key="folder/", Body=b"")
    assert night() == keys
    assert night() == []
    s3.client.put_object(Bucket=inputs, Key=keys[1], Body=pngs.paths[7].read_bytes())
    [new] = upload(s3, inputs, pngs, 1, folder="new/")
    assert sorted(night()) == sorted([keys[1], new])
    assert night() == []
    assert len(outputs()) == 5


def test_a_record_by_this_model_says_that_it_is_done(s3: S3, inputs: str, find: Find) -> None:
    """A failed one too; not one by another model, and not that it had changed when it was met."""
    put(s3, inputs, "done.png", "other.png", "superseded.png", "new.png")
    remember(inputs, "done.png")
    remember(inputs, "other.png", model=OTHER, number=2)
    remember(inputs, "superseded.png", status="superseded", number=1)
    assert listed(find()) == ["new.png", "other.png", "superseded.png"]
    assert len(listed(find(model="c" * 64))) == 4


def test_only_what_came_since_the_mark_is_looked_at(s3: S3, inputs: str, find: Find) -> None:
    """And only under the dates since then records are read; each prefix and model has its mark."""
    put(s3, inputs, "in/a.png", "in/b.png")
    remember(inputs, "in/a.png", day="2001-01-01")
    assert listed(find(prefix="in/")) == ["in/b.png"]
    place, url, now = scoring.destination(), f"s3://{inputs}/in/", datetime.now(UTC)
    marks.make(place, MODEL, url, now)
    answer = find(prefix="in/")
    assert answer["since"] == (now - changes.OVERLAP).isoformat()
    # The record of 2001 is not looked for: an object's record is under its date or a later one.
    assert listed(answer) == ["in/a.png", "in/b.png"]
    marks.make(place, MODEL, url, now + timedelta(days=2))
    assert listed(find(prefix="in/")) == []
    assert listed(find()) == ["in/b.png"]
    assert listed(find(prefix="in/", model="c" * 64)) == ["in/a.png", "in/b.png"]


def test_the_mark_never_goes_back(s3: S3, inputs: str, find: Find) -> None:
    """A run that began earlier and ended later does not undo the other's."""
    first, second = find(), find()
    place = scoring.destination()
    assert changes.mark({"changed": second}, place, MODEL) == {"since": second["until"]}
    assert changes.mark({"changed": first}, place, MODEL) == {"since": second["until"]}
    assert changes.mark({"changed": second}, place, MODEL) == {"since": second["until"]}


def test_another_model_makes_no_mark(s3: S3, inputs: str, find: Find) -> None:
    """Deployed between the search and its end, it may have scored what the first was to score: back
    again, the first one finds all of it.
    """
    put(s3, inputs, "a.png")
    answer, place = find(), scoring.destination()
    remember(inputs, "a.png", model=OTHER)
    assert changes.mark({"changed": answer}, place, OTHER) == {"since": None}
    assert marks.newest(place, OTHER, f"s3://{inputs}/") is None
    assert listed(find()) == ["a.png"]


def test_what_is_more_than_enough_waits(s3: S3, inputs: str, find: Find) -> None:
    """The mark stays; once the first are scored the next run takes the rest."""
    keys = [f"{n}.png" for n in range(5)]
    put(s3, inputs, *keys)
    answer = find(max_images=3)
    assert listed(answer) == keys[:3]
    assert (answer["complete"], answer["continuation"]) == (False, None)
    assert changes.mark({"changed": answer}, scoring.destination(), MODEL) == {"since": None}
    remember(inputs, *keys[:3])
    rest = find(max_images=3)
    assert listed(rest) == keys[3:]
    assert rest["complete"] is True


def test_a_list_is_no_longer_than_memory_holds(
    s3: S3, inputs: str, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked for: as with `max_images`, the mark stays and the rest waits."""
    monkeypatch.setattr(changes, "MOST_IMAGES", 2)
    put(s3, inputs, "a.png", "b.png", "c.png")
    answer = find()
    assert listed(answer) == ["a.png", "b.png"]
    assert (answer["complete"], answer["continuation"]) == (False, None)
    remember(inputs, "a.png", "b.png")
    assert listed(find()) == ["c.png"]


def test_a_search_longer_than_an_invocation_goes_on(
    s3: S3, inputs: str, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One object of records, and one listed object, an invocation: nothing is left out and nothing
    is listed twice, the one that is tried again included.
    """
    monkeypatch.setattr(changes, "_STEP", 1)
    keys = [f"{n}.png" for n in range(8)]
    put(s3, inputs, *keys)
    for number in range(3):
        remember(inputs, keys[number], number=number, day=f"2026-01-0{number + 1}")
    answer, steps = find(late=lambda: True), 1
    while answer["continuation"]:
        assert answer["complete"] is False
        event = json.loads(json.dumps(answer["continuation"]))
        tries = [find(late=lambda: True, **event["changes"], after=event["after"]) for _ in "12"]
        assert tries[0] == tries[1]
        answer, steps = tries[0], steps + 1
    assert listed(answer) == keys[3:]
    assert answer["complete"] is True
    assert steps > 8
    assert changes.mark({"changed": answer}, scoring.destination(), MODEL) == {
        "since": answer["until"]
    }


def test_a_search_goes_on_for_the_model_that_it_was_begun_for(
    s3: S3, inputs: str, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel may hand out another one meanwhile: what has a record of the first is left out all
    the same, and the mark is not moved for the second.
    """
    monkeypatch.setattr(changes, "_STEP", 1)
    keys = [f"{n}.png" for n in range(3)]
    put(s3, inputs, *keys)
    remember(inputs, keys[0])
    answer = find(late=lambda: True)
    while answer["continuation"]:
        event = answer["continuation"]
        answer = find(model="f" * 64, late=lambda: True, **event["changes"], after=event["after"])
    assert listed(answer) == keys[1:]
    assert answer["model"] == MODEL
    assert changes.mark({"changed": answer}, scoring.destination(), "f" * 64) == {"since": None}


def test_a_shard_that_was_begun_is_not_done(s3: S3, inputs: str, find: Find) -> None:
    """Members of it have records, and a checkpoint says that others have none."""
    put(s3, inputs, "a.zip", "b.zip")
    remember(inputs, "a.zip", "b.zip")
    assert listed(find()) == []
    [shard] = [entry.subject for entry in store.list_objects(f"s3://{inputs}/a.zip")]
    checkpoint = f"{scoring.destination()}_begun/{shard.identity(MODEL)}.json"
    store.put(checkpoint, b'{"members": 2}')
    assert listed(find()) == ["a.zip"]
    store.put(checkpoint, b'{"members": 0}')
    assert listed(find()) == []
