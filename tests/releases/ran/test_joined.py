"""Records joined with releases: turns, devices, unknown ones, drift, in a folder and in S3."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from litescore import results, store
from litescore.drift import DRIFTED, FEW, TESTED
from litescore.errors import ConfigurationError, ReleaseError, UsageError
from litescore.ran import joined
from litescore.ran.joined import Joined, join
from litescore.record import Record
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher, promote, rollback
from litescore.releases.shelf import Shelf
from litescore.results.groups import grouped
from tests.releases.conftest import make_model
from tests.releases.ran.conftest import failed, make_tested, on, publish, scored

UNKNOWN = "f" * 64
# Where it lies makes no difference to arithmetic.
in_a_folder = pytest.mark.parametrize("shelf", ["folder"], indirect=True)


def put(shelf: Shelf, records: list[Record], name: str = "1.jsonl.gz") -> str:
    """The records beside the shelf, and where they lie."""
    place = f"{shelf.root.rpartition('/')[0]}/records/"
    data = "".join(f"{one.to_json()}\n" for one in records).encode()
    store.create(f"{place}{name}", gzip.compress(data))
    return place


def read(shelf: Shelf, key: PrivateKey, place: str, **words: object) -> Joined:
    return join(shelf, (key.public,), results.read(place), place, **words)  # type: ignore[arg-type]


def test_what_ran_where(shelf: Shelf, publisher: Publisher, key: PrivateKey) -> None:
    """The old release, the new one, one without records and one that nobody knows; a record that was
    told twice counts once.
    """
    old = publish(publisher, make_tested(1))
    new = publish(publisher, make_tested(2), "canary", 20)
    promote(publisher, "canary", "stable")
    idle = publish(publisher, make_tested(3), "canary", 20)
    records = [
        scored(old, "a", 0, 0.9, at="09:00"),
        scored(old, "b", 1, 0.4, at="10:00"),
        failed(old, "c", at="08:30"),
        scored(new, "cam", 2, 0.8, frame=on("pi-1", 1), changed=True, etag="pi-1-b-7-1"),
        scored(new, "cam", 2, 0.6, frame=on("pi-1", 2), changed=False, etag="pi-1-b-7-2"),
        scored(new, "cam", 2, 0.6, frame=on("pi-2", 2), changed=True, etag="pi-2-b-7-2"),
        scored(new, "a", 0, 0.7, at="11:00"),
        scored(UNKNOWN, "a", 0, 0.7, at="12:00"),
    ]
    found = read(shelf, key, put(shelf, [*records, records[0]]))
    assert [(one.digest, one.seen.images) for one in found.ran] == [
        (old, 3), (new, 4), (idle, 0), (UNKNOWN, 1),
    ]  # fmt: skip
    first, second, third, last = found.ran
    assert [(name, turn.number) for name, turn in first.turns] == [("stable", 1)]
    assert [(name, turn.action) for name, turn in second.turns] == [
        ("canary", "publish"), ("stable", "promote"),
    ]  # fmt: skip
    seen = first.seen
    assert (seen.scored, seen.failed, seen.unsure_share, seen.elsewhere) == (2, 1, 0.5, 3)
    assert seen.answered.confidence == pytest.approx(0.65)
    assert (seen.first[11:16], seen.last[11:16]) == ("08:30", "10:00")
    assert seen.hours == {"2026-11-28T08": 1, "2026-11-28T09": 1, "2026-11-28T10": 1}
    assert second.seen.devices == {"pi-1": 2, "pi-2": 1}
    assert second.seen.labels == {"cat": 3, "ant": 1}
    assert (second.seen.elsewhere, second.seen.frames, second.seen.changes) == (1, 3, 2)
    assert (third.held, last.release, last.held) == (None, None, None)
    assert third.release is not None
    assert found.images == 8
    (pair,) = [one for one in found.agreements if one.after == new]
    assert (pair.before, pair.images, pair.same) == (old, 1, 1)
    assert pair.apart == pytest.approx(0.2)


@in_a_folder
def test_a_release_that_no_channel_remembers(
    shelf: Shelf, publisher: Publisher, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shelf knows it all the same."""
    monkeypatch.setattr("litescore.releases.channel._KEPT", 1)
    old, new = (publish(publisher, make_tested(number)) for number in (1, 2))
    found = read(shelf, key, put(shelf, [scored(old, "a", 0)]))
    assert [(one.digest, len(one.turns)) for one in found.ran] == [(old, 0), (new, 1)]
    assert found.ran[0].release is not None


def many(model: str, counts: tuple[int, ...], sure: float = 0.9) -> list[Record]:
    """So many records of each label."""
    return [
        scored(model, f"{label}-{number}", label, sure)
        for label, count in enumerate(counts)
        for number in range(count)
    ]


@in_a_folder
@pytest.mark.parametrize(
    ("counts", "sure", "labels", "confidences"),
    [
        ((40, 40, 20), 0.9, TESTED, TESTED),
        ((20, 20, 60), 0.9, DRIFTED, TESTED),
        ((40, 40, 20), 0.6, TESTED, DRIFTED),
        ((0, 0, 20), 0.6, FEW, FEW),
    ],
)
def test_drift_from_the_own_test_set(
    publisher: Publisher, shelf: Shelf, key: PrivateKey, counts: tuple[int, ...], sure: float,
    labels: str, confidences: str,
) -> None:  # fmt: skip
    """Of labels and of confidences, each by itself; 20 images never ring."""
    digest = publish(publisher, make_tested(1))
    found = join(shelf, (key.public,), many(digest, counts, sure), "here")
    (one,) = found.ran
    assert one.held is not None
    said = (one.held.labels.verdict(found.alarm), one.held.confidences.verdict(found.alarm))
    assert said == (labels, confidences)
    assert [what for _, what, _ in found.drifted] == [
        what for what, how in zip(("labels", "confidences"), said, strict=True) if how == DRIFTED
    ]


@in_a_folder
def test_no_test_set_is_no_alarm(shelf: Shelf, publisher: Publisher, key: PrivateKey) -> None:
    """A file from before it was kept: nothing is guessed."""
    digest = publish(publisher, make_model(1))
    found = join(shelf, (key.public,), many(digest, (0, 0, 200)), "here")
    (one,) = found.ran
    assert one.release is not None
    assert (one.tested, one.held, found.drifted) == (None, None, [])


@in_a_folder
def test_since(shelf: Shelf, publisher: Publisher, key: PrivateKey) -> None:
    """Earlier records are left out; where none is left that is said."""
    digest = publish(publisher, make_tested(1))
    records = [scored(digest, "a", 0), scored(digest, "b", 0, at="2026-11-29T00:00:00.000Z")]
    found = join(shelf, (key.public,), records, "here", since="2026-11-29")
    assert found.images == 1
    with pytest.raises(UsageError, match="no records at here since 2026-11-30"):
        join(shelf, (key.public,), records, "here", since="2026-11-30")
    with pytest.raises(UsageError, match=r"no records at here$"):
        join(shelf, (key.public,), [], "here")


@in_a_folder
def test_strange_models(
    shelf: Shelf, publisher: Publisher, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a record calls its model never becomes a path; too many of them are refused."""
    publish(publisher, make_tested(1))
    store.create(shelf.place("drafts", "release.json"), b"no release")
    names = ["../channels", "", "drafts", hashlib.sha256(b"x").hexdigest()]
    records = [scored("m", "a", 0)._replace(id=name, model=name) for name in names]
    found = join(shelf, (key.public,), records, "here")
    assert sorted(one.digest for one in found.ran if one.release is None) == sorted(names)
    monkeypatch.setattr(joined, "_MOST_MODELS", 3)
    with pytest.raises(UsageError, match="more than 3 models"):
        join(shelf, (key.public,), records, "here")


@in_a_folder
def test_what_is_refused(shelf: Shelf, publisher: Publisher, key: PrivateKey) -> None:
    """A shelf that a stranger signed, and lines that are no records: by name."""
    digest = publish(publisher, make_tested(1))
    with pytest.raises(ReleaseError):
        join(shelf, (), [scored(digest, "a", 0)], "here")
    place = put(shelf, [scored(digest, "a", 0)])
    store.create(f"{place}2.jsonl", b'{"v":1,"id":')
    with pytest.raises(ConfigurationError, match=r"2\.jsonl: not a litescore record"):
        read(shelf, key, place)


@in_a_folder
def test_after_a_rollback(shelf: Shelf, publisher: Publisher, key: PrivateKey) -> None:
    """The old release has two turns, the later of them a rollback."""
    old, new = (publish(publisher, make_tested(number)) for number in (1, 2))
    rollback(publisher, "stable")
    found = join(shelf, (key.public,), [scored(new, "a", 0)], "here")
    assert [one.digest for one in found.ran] == [old, new]
    assert [turn.action for _, turn in found.ran[0].turns] == ["publish", "rollback"]


@in_a_folder
def test_memory_does_not_grow_with_the_records(
    shelf: Shelf, publisher: Publisher, key: PrivateKey
) -> None:
    """Of ten times as many records nothing more is held: neither joined nor by their groups."""
    digest = publish(publisher, make_tested(1))
    plain = scored(digest, "a", 0, frame=on("pi-1"))

    def records(number: int) -> Iterator[Record]:
        for place in range(number):
            # Not by `_replace`: Python keeps the first 2,000 tuples that it lengthens for later.
            yield Record(**plain._asdict() | {"id": str(place), "source": f"{place}.png"})

    def peak(use: Callable[[Iterator[Record]], object], number: int) -> int:
        tracemalloc.start()
        use(records(number))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    for use in (
        lambda some: join(shelf, (key.public,), some, "here"),
        lambda some: grouped(some, ("model", "device", "day")),
    ):
        peak(use, 10)
        few, many = peak(use, 500), peak(use, 5000)
        assert many < 1.2 * few + 20_000, (few, many)
