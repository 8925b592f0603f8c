"""What is new or changed since the last run: a listing held against the records, on a real server."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambda_handler import changes, distributed_map, handler, marks, scoring
from litescore import store
from litescore.errors import ConfigurationError, PermanentError, SupersededError, UnknownEvent
from litescore.record import Record, Subject
from tests.lambda_handler.conftest import Records, upload
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import Fault, StubS3

# Of both a name of an object shows the same first letters.
MODEL = "a" * 64
OTHER = MODEL[:12] + "b" * 52
Find = Callable[..., dict[str, Any]]


def never() -> bool:
    return False


def items_of(answer: dict[str, Any]) -> list[dict[str, str]]:
    """The items that a Map reads from the answer's manifest."""
    place = answer["manifest"]
    url = f"s3://{place['bucket']}/{place['key']}"
    lines = store.read(Subject(url), max_bytes=10**7).data.splitlines()
    assert len(lines) == answer["images"]
    return [json.loads(line) for line in lines]


def listed(answer: dict[str, Any]) -> list[str]:
    """The keys of the answer's manifest, in its order."""
    return [item["Key"] for item in items_of(answer)]


@pytest.fixture
def find(inputs: str) -> Find:
    """A search of the input bucket for MODEL, without loading a model."""

    def search(
        *,
        model: str = MODEL,
        after: Any = None,
        late: Callable[[], bool] = never,
        **fields: Any,
    ) -> dict[str, Any]:
        asked = {"bucket": inputs, "prefix": "", "max_images": 10_000} | fields
        event = {"changes": asked, "after": after}
        return changes.find(event, scoring.destination(), model, late)

    return search


def put(s3: S3, bucket: str, *keys: str, body: bytes = b"image") -> None:
    for key in keys:
        s3.client.put_object(Bucket=bucket, Key=key, Body=body)


def remember(
    bucket: str,
    *keys: str,
    status: str = "failed",
    model: str = MODEL,
    day: str | None = None,
    number: int = 0,
) -> None:
    """Records of the objects as they are, in one file."""
    lines = []
    for entry in store.list_objects(f"s3://{bucket}/"):
        if entry.source.split("/", 3)[3] in keys:
            lines.append(made(entry.subject, status, model).to_json())
    day = day or datetime.now(UTC).date().isoformat()
    name = f"{scoring.destination()}dt={day}/{model[:12]}-{number:064x}.jsonl.gz"
    store.put(name, gzip.compress("\n".join([*lines, ""]).encode()))


def made(subject: Subject, status: str, model: str) -> Record:
    if status == "superseded":
        return Record.superseded(subject, SupersededError("changed"), model=model)
    return Record.failed(subject, PermanentError("corrupt", "no image"), model=model)


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


def test_broken_records_stop_nothing(s3: S3, inputs: str, find: Find) -> None:
    """What they were about is scored once more."""
    put(s3, inputs, "a.png", "b.png")
    remember(inputs, "a.png")
    place = f"{scoring.destination()}dt=2026-01-01/{MODEL[:12]}-"
    store.put(f"{place}{1:064x}.jsonl.gz", b"no gzip")
    store.put(f"{place}{2:064x}.jsonl", b'no json\n{"model": 1}\n[]\n')
    store.put(f"{place}table.csv", b"a,b")
    assert listed(find()) == ["b.png"]


def test_records_that_may_not_be_read_end_the_search(find: Find, faulty: StubS3) -> None:
    """Taken for none, all that they are about would be scored again each night."""
    name = f"records/dt=2026-01-01/{MODEL[:12]}-{1:064x}.jsonl"
    faulty.objects |= {("stub", "in/a.png"): b"image", ("stub", name): b""}
    assert listed(find(bucket="stub", prefix="in/")) == ["in/a.png"]
    faulty.faults.append(Fault(status=403, key=name))
    with pytest.raises(ConfigurationError, match=r"is denied .*: grant s3:GetObject"):
        find(bucket="stub", prefix="in/")


def test_keys_come_as_they_are(s3: S3, inputs: str, find: Find) -> None:
    """Letters that JSON or a URL would write otherwise; each is the object that the Map names."""
    keys = sorted(["a b.png", "a+b.png", "a%20b.png", 'q"uote.png', "ü.png", "日本.png"])
    put(s3, inputs, *keys)
    answer = find()
    assert sorted(listed(answer)) == keys
    found = distributed_map.items({"Items": items_of(answer)})
    assert set(found) == {entry.subject for entry in store.list_objects(f"s3://{inputs}/")}


def test_an_object_named_like_a_folder_is_one(find: Find, faulty: StubS3) -> None:
    """A key that ends in `/` is a folder marker only where there are no bytes: else it would be
    found anew each night, and never scored. SeaweedFS lists none of that name, so the stub does.
    """
    faulty.objects |= {("stub", "in/a/"): b"image", ("stub", "in/b/"): b""}
    answer = find(bucket="stub", prefix="in/")
    assert listed(answer) == ["in/a/"]
    [found] = distributed_map.items({"Items": items_of(answer)})
    assert found.source == "s3://stub/in/a/"


def inventory(s3: S3, bucket: str, schema: str, *rows: str) -> str:
    """An S3 Inventory in the bucket; the URL of its manifest.json."""
    s3.client.put_object(
        Bucket=bucket, Key="inv/1.csv.gz", Body=gzip.compress("\n".join(rows).encode())
    )
    told = {
        "fileFormat": "CSV",
        "fileSchema": schema,
        "destinationBucket": f"arn:aws:s3:::{bucket}",
        "files": [{"key": "inv/1.csv.gz"}],
    }
    s3.client.put_object(Bucket=bucket, Key="inv/manifest.json", Body=json.dumps(told).encode())
    return f"s3://{bucket}/inv/manifest.json"


def test_an_inventory_is_read_in_the_listings_place(s3: S3, inputs: str, find: Find) -> None:
    """It has no times and is some hours old: all records are read, and the mark stays."""
    put(s3, inputs, "in/a.png", "in/b c.png", "out/c.png")
    remember(inputs, "in/a.png")
    marks.make(scoring.destination(), MODEL, f"s3://{inputs}/in/", datetime.now(UTC))
    tags = {e.source.split("/", 3)[3]: e.etag for e in store.list_objects(f"s3://{inputs}/")}
    names = {"in/a.png": "in/a.png", "in/b+c.png": "in/b c.png", "out/c.png": "out/c.png"}
    rows = [f'"{inputs}","{row}","{tags[key]}"' for row, key in names.items()]
    url = inventory(s3, s3.make_bucket(), "Bucket, Key, ETag", *rows)
    answer = find(prefix="in/", inventory=url)
    assert listed(answer) == ["in/b c.png"]
    assert (answer["complete"], answer["since"], answer["until"]) == (True, None, None)
    before = marks.newest(scoring.destination(), MODEL, f"s3://{inputs}/in/")
    changes.mark({"changed": answer}, scoring.destination(), MODEL)
    assert marks.newest(scoring.destination(), MODEL, f"s3://{inputs}/in/") == before


def test_an_inventory_without_etags_is_refused(s3: S3, inputs: str, find: Find) -> None:
    """Every image would be scored again each night."""
    url = inventory(s3, s3.make_bucket(), "Bucket, Key", f'"{inputs}","a.png"')
    with pytest.raises(ConfigurationError, match="add the field ETag"):
        find(inventory=url)


@pytest.mark.parametrize(
    ("place", "prefix"),
    [
        ("s3://{0}/records/", ""),
        ("s3://{0}/a/records/", "a/"),
        ("s3://{0}/records/", "records/2026/"),
        ("s3://{0}/records/", "manifests/"),
        ("s3://{0}-other/", ""),
        ("s3://{0}-other/manifests/", ""),
    ],
)
def test_records_do_not_come_back_as_images(place: str, prefix: str, inputs: str) -> None:
    """Neither those nor the manifests; and these lie where nobody reads records."""
    asked = changes.Asked(inputs, prefix, 1)
    with pytest.raises(ConfigurationError, match="LITESCORE_OUTPUT"):
        changes.Search(asked, place.format(inputs), MODEL)


GOOD = {"bucket": "photos", "prefix": "", "max_images": 1}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"changes": "s3://photos/"}, '"changes" is'),
        ({"changes": {**GOOD, "limit": 1}}, "limit"),
        ({"changes": {"prefix": "", "max_images": 1}}, "bucket"),
        ({"changes": {**GOOD, "bucket": "a/b"}}, "no such place"),
        ({"changes": {**GOOD, "prefix": None}}, "no such place"),
        ({"changes": {**GOOD, "max_images": 0}}, "max_images"),
        ({"changes": {**GOOD, "max_images": "9"}}, "max_images"),
        ({"changes": {**GOOD, "max_images": True}}, "max_images"),
        ({"changes": {**GOOD, "inventory": "list.csv"}}, "inventory"),
        ({"changes": GOOD, "from": "x"}, "from"),
        ({"changes": GOOD, "after": {"step": 1}}, "after"),
        ({"changes": GOOD, "after": {"started": "noon", "since": None}}, "after"),
        ({"changes": GOOD, "changed": {}}, "changed"),
        ({"changed": GOOD}, "changes"),
        ({"changed": {"changes": GOOD}}, "model"),
        ({"changed": {"changes": GOOD, "model": MODEL, "complete": True, "until": 3}}, "until"),
        ({"changed": {}, "more": 1}, "more"),
    ],
)
def test_other_shapes_are_refused(event: Any, said: str, inputs: str) -> None:
    """Each names what is wrong, before anything is listed."""
    with pytest.raises(UnknownEvent, match=said):
        handler(event, None)
