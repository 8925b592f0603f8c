"""Objects that change between the event and the reading: each image accounted for, under its own name."""

from __future__ import annotations

import pytest

from litescore.record import Subject
from tests.faults.conftest import COUNT, Scene


def statuses(scene: Scene) -> dict[str | None, str]:
    """ETag -> status or kind, of the first image's records."""
    source = f"s3://{scene.bucket}/in/0.png"
    return {r.etag: r.kind or r.status for r in scene.records() if r.source == source}


def test_deleted_before_it_is_read(scene: Scene) -> None:
    """What was listed has a record that says it is gone; by what is there now it is beside."""
    listed = scene.fill()
    scene.s3.client.delete_object(Bucket=scene.bucket, Key="in/0.png")
    assert scene.way(listed) == []
    assert statuses(scene) == {listed[0].etag: "gone"}
    assert scene.balance(listed).holds
    after = scene.balance(scene.listed())
    assert (after.holds, after.listed, after.unlisted) == (True, COUNT - 1, 1)


def test_overwritten_before_it_is_read(scene: Scene) -> None:
    """The old one is superseded and never scored from the new one's bytes; the new one is missing
    until its own event comes.
    """
    listed = scene.fill()
    new = scene.put(0, scene.images[1])
    assert scene.way(listed) == []
    assert statuses(scene) == {listed[0].etag: "superseded"}
    balance = scene.balance(scene.listed())
    assert (balance.missing, balance.superseded) == (1, 1)
    assert balance.first_missing[0].etag == new.etag
    assert scene.way([new]) == []
    assert scene.balance(scene.listed()).holds
    assert statuses(scene) == {listed[0].etag: "superseded", new.etag: "scored"}


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)], ids=str)
def test_events_in_any_order(scene: Scene, order: tuple[int, ...]) -> None:
    """An object written three times, its events one by one or swapped: only the last is scored."""
    events = [scene.put(0, body) for body in scene.images[:3]]
    for number in order:
        assert scene.way([events[number]]) == []
    assert statuses(scene) == {
        events[0].etag: "superseded",
        events[1].etag: "superseded",
        events[2].etag: "scored",
    }
    balance = scene.balance(scene.listed())
    assert (balance.holds, balance.listed, balance.superseded) == (True, 1, 2)


def test_written_back_as_it_was(scene: Scene) -> None:
    """The same bytes again are the same image: one record, however many events."""
    first = scene.put(0, scene.images[0])
    scene.put(0, scene.images[1])
    again = scene.put(0, scene.images[0])
    assert scene.way([first]) == scene.way([again]) == []
    assert statuses(scene) == {first.etag: "scored"}
    assert scene.lines() == 1
    assert scene.balance(scene.listed()).holds


def test_an_older_version_is_read_as_it_was(versioned: Scene) -> None:
    """Named by its version, an image is scored though another has its name by now."""
    old = versioned.put(0, versioned.images[0])
    new = versioned.put(0, versioned.images[1])
    assert versioned.way([new, old]) == []
    assert statuses(versioned) == {old.etag: "scored", new.etag: "scored"}
    scored = {record.etag: record.score for record in versioned.records()}
    assert scored[old.etag] != scored[new.etag]
    balance = versioned.balance(versioned.listed())
    assert (balance.holds, balance.unlisted) == (True, 1)


def test_a_version_that_is_gone(versioned: Scene) -> None:
    """Removed for good, or a delete marker, or never there: gone, and no other version in its place."""
    old = versioned.put(0, versioned.images[0])
    versioned.put(0, versioned.images[1])
    client = versioned.s3.client
    client.delete_object(Bucket=versioned.bucket, Key="in/0.png", VersionId=old.version)
    assert versioned.way([old]) == []
    assert statuses(versioned) == {old.etag: "gone"}
    marker = client.delete_object(Bucket=versioned.bucket, Key="in/0.png")["VersionId"]
    assert versioned.way([Subject(old.source, etag="of-the-marker", version=marker)]) == []
    assert statuses(versioned)["of-the-marker"] == "gone"
