"""What a search for changes reads: broken records, odd keys, an inventory; and what it refuses."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lambda_handler import changes, distributed_map, handler, marks, scoring
from litescore import store
from litescore.errors import ConfigurationError, UnknownEvent
from tests.lambda_handler.searched import MODEL, Find, items_of, listed, put, remember
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import Fault, StubS3


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
