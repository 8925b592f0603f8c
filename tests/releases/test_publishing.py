"""Publishing, promoting and rolling back, in a folder and in a real S3."""

from __future__ import annotations

import threading
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import boto3
import pytest

from litescore import store
from litescore.errors import GateError, LitescoreError, ReleaseError, UsageError
from litescore.record import Subject
from litescore.releases import keys, publishing, reading
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Gate, Publisher
from litescore.releases.shelf import Shelf
from litescore.store.s3 import split
from tests.releases.conftest import make_model


def handed_out(publisher: Publisher, channel: str = "stable") -> tuple[str, int, int]:
    """Digest, share and number of a channel's turn now."""
    held = publisher.shelf.read_channel(channel, publisher.believed)
    assert held is not None
    now = held.channel.now
    return now.release, now.share, now.number


def on_shelf(shelf: Shelf) -> set[str]:
    """What lies there, as paths below it."""
    listed = (
        store.list_objects(shelf.root + "/")
        if store.exists(shelf.root) or "s3:" in shelf.root
        else ()
    )
    return {one.source.removeprefix(shelf.root + "/") for one in listed}


def test_what_is_published_can_be_had(publisher: Publisher) -> None:
    """The file under its digest, what it is, and the channel, each signed."""
    file = make_model()
    moved = publishing.publish(publisher, file, "stable")
    digest = moved.release.digest
    assert on_shelf(publisher.shelf) == {
        f"{digest}/model.tflite", f"{digest}/release.json", "channels/stable.json"
    }  # fmt: skip
    assert handed_out(publisher) == (digest, 100, 1)
    found = publisher.shelf.read_release(digest, publisher.believed)
    assert found == moved.release
    assert publisher.shelf.read_file(found) == file
    assert (found.labels, found.variant, found.measured) == (("ant", "bee", "cat"), "int8", 0.945)


def test_forward_and_back(publisher: Publisher) -> None:
    """A canary to some, then to all, then to stable, then back; each a turn of its own."""
    first = publishing.publish(publisher, make_model(1), "stable").release.digest
    second = publishing.publish(publisher, make_model(2), "canary", share=20).release.digest
    assert handed_out(publisher, "canary") == (second, 20, 1)
    publishing.promote(publisher, "canary", "canary")
    assert handed_out(publisher, "canary") == (second, 100, 2)
    moved = publishing.promote(publisher, "canary", "stable", share=50)
    assert moved.before is not None
    assert moved.before.digest == first
    assert handed_out(publisher) == (second, 50, 2)
    assert publishing.rollback(publisher, "stable").release.digest == first
    assert handed_out(publisher) == (first, 100, 3)
    with pytest.raises(ReleaseError, match="has no release to go back to"):
        publishing.rollback(publisher, "stable")
    shown = reading.read(publisher.shelf, publisher.believed)
    assert [channel.name for channel in shown.channels] == ["canary", "stable"]
    assert shown.releases.keys() == {first, second}


def test_only_a_rollback_goes_back(publisher: Publisher) -> None:
    """The older file is refused as a release of today, and nothing changes."""
    older, newer = make_model(1), make_model(2)
    publishing.publish(publisher, older, "stable")
    publishing.publish(publisher, newer, "stable")
    before = handed_out(publisher)
    with pytest.raises(ReleaseError, match="only `litescore rollback` goes back"):
        publishing.publish(publisher, older, "stable")
    with pytest.raises(UsageError, match="to 100 % of the devices already"):
        publishing.publish(publisher, newer, "stable")
    assert handed_out(publisher) == before


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (make_model(1, wrong=9), "golden samples are different"),
        (make_model(1, exported=0.93), r"lost 2\.00 points of accuracy \(95\.00 to 93\.00 %\)"),
    ],
    ids=["golden", "gate"],
)
def test_files_that_are_not_published(publisher: Publisher, file: bytes, said: str) -> None:
    """Nothing of them comes to lie on the shelf."""
    with pytest.raises(GateError, match=said):
        publishing.publish(publisher, file, "stable")
    assert on_shelf(publisher.shelf) == set()


def test_the_gate_can_be_moved(publisher: Publisher) -> None:
    """By whoever knows why."""
    file = make_model(1, exported=0.93)
    publishing.publish(publisher, file, "stable", gate=Gate(max_drop=2))
    assert handed_out(publisher)[1:] == (100, 1)


def test_other_labels_must_be_meant(publisher: Publisher) -> None:
    """Whoever reads the records knows the old ones."""
    publishing.publish(publisher, make_model(1), "stable")
    other = make_model(2, labels=("ant", "bee", "dog"))
    before = on_shelf(publisher.shelf)
    with pytest.raises(ReleaseError, match=r"\(without 'cat'; with 'dog'\)"):
        publishing.publish(publisher, other, "stable")
    swapped = make_model(3, labels=("bee", "ant", "cat"))
    with pytest.raises(ReleaseError, match=r"\(in another order\)"):
        publishing.publish(publisher, swapped, "stable")
    assert on_shelf(publisher.shelf) == before
    moved = publishing.publish(publisher, other, "stable", relabel=True)
    assert moved.channel.now.relabel


def test_two_publishers_cannot_both_win(publisher: Publisher) -> None:
    """Of eight at once one moves the channel, or one after the other each from where it stood."""
    publishing.publish(publisher, make_model(0), "stable")
    outcomes: list[object] = []
    files = [make_model(number) for number in range(1, 9)]
    start = threading.Barrier(len(files))

    def run(file: bytes) -> None:
        start.wait()
        try:
            outcomes.append(publishing.publish(publisher, file, "stable").channel.now.number)
        except LitescoreError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(file,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert sorted(numbers) == list(range(2, 2 + len(numbers)))
    assert handed_out(publisher)[2] == 1 + len(numbers)
    lost = [str(outcome) for outcome in outcomes if not isinstance(outcome, int)]
    assert len(lost) == len(files) - len(numbers)
    assert all("another publisher moved" in said or "is older than" in said for said in lost)


def test_who_was_slower_is_told(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one publishes between its reading and its writing; the other one's turn stays."""
    publishing.publish(publisher, make_model(0), "stable")
    add, faster = Shelf.add, replace(publisher, note="faster")

    def add_late(*words: object) -> None:
        monkeypatch.setattr(Shelf, "add", add)
        add(*words)  # type: ignore[arg-type]
        publishing.publish(faster, make_model(1), "stable")

    monkeypatch.setattr(Shelf, "add", add_late)
    with pytest.raises(ReleaseError, match="another publisher moved channel 'stable' meanwhile"):
        publishing.publish(publisher, make_model(2), "stable")
    held = publisher.shelf.read_channel("stable", publisher.believed)
    assert held is not None
    assert [turn.note for turn in held.channel.turns] == ["", "faster"]


@pytest.mark.parametrize("what", ["model.tflite", "release.json"])
def test_a_damaged_release_is_noticed(publisher: Publisher, what: str) -> None:
    """Before a channel hands it out to forty devices."""
    publishing.publish(publisher, make_model(1), "stable")
    digest = publishing.publish(publisher, make_model(2), "canary").release.digest
    place = publisher.shelf.place(digest, what)
    content = bytearray(store.read(Subject(place), max_bytes=10**7).data)
    content[len(content) // 2] ^= 1
    store.put(place, bytes(content))
    with pytest.raises(ReleaseError, match=r"another file|broken|not signed by a key"):
        publishing.promote(publisher, "canary", "stable")
    assert handed_out(publisher)[2] == 1


def test_a_stranger_s_channel_is_not_gone_on_from(publisher: Publisher, tmp_path: Path) -> None:
    """Unless its key is among those that are trusted."""
    publishing.publish(publisher, make_model(1), "stable")
    keys.create(tmp_path / "other.key")
    stranger = replace(publisher, key=keys.read_private(tmp_path / "other.key"))
    with pytest.raises(ReleaseError, match="not signed by a key that is trusted here"):
        publishing.publish(stranger, make_model(2), "stable")
    colleague = replace(stranger, trusted=[publisher.key.public])
    assert publishing.publish(colleague, make_model(2), "stable").channel.now.number == 2


def test_a_clock_that_is_behind_is_told(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its turn would look older than the one before."""
    publishing.publish(publisher, make_model(1), "stable")
    publishing.publish(publisher, make_model(2), "canary")
    monkeypatch.setattr(publishing, "_now", lambda: "1970-01-01T00:00:00.000000Z")
    with pytest.raises(ReleaseError, match="clock says 1970-01-01"):
        publishing.promote(publisher, "canary", "stable")


def test_one_name_for_two_models(publisher: Publisher, key: PrivateKey) -> None:
    """A statement that was copied from another model's shelf speaks of that one."""
    publishing.publish(publisher, make_model(1), "stable")
    channel = store.read(Subject(publisher.shelf.place("channels", "stable.json")), max_bytes=10**6)
    hats = Shelf(publisher.shelf.root.replace("shoes", "hats"))
    store.create(hats.place("channels", "stable.json"), channel.data)
    with pytest.raises(ReleaseError, match="of hats speaks of 'stable' of shoes"):
        hats.read_channel("stable", [key.public])


def test_another_file_under_its_digest(publisher: Publisher) -> None:
    """Is no release, though nothing is said of it yet; the channel stays, and nothing is signed."""
    publishing.publish(publisher, make_model(1), "stable")
    before, digest = handed_out(publisher), sha256(make_model(2)).hexdigest()
    store.put(publisher.shelf.file(digest), b"junk")
    with pytest.raises(ReleaseError, match=f"{digest[:12]}.* 4 came"):
        publishing.publish(publisher, make_model(2), "stable")
    assert handed_out(publisher) == before
    assert not publisher.shelf.has_release(digest)


def test_a_statement_that_is_lost(publisher: Publisher) -> None:
    """Hides no history and closes no way back; published again it is there again."""
    first = publishing.publish(publisher, make_model(1), "stable").release.digest
    second = publishing.publish(publisher, make_model(2), "stable").release.digest
    place = publisher.shelf.place(second, "release.json")

    def lose() -> None:
        if not place.startswith("s3://"):
            Path(place).unlink()
            return
        bucket, name = split(place)
        boto3.client("s3").delete_object(Bucket=bucket, Key=name)

    lose()
    shown = reading.read(publisher.shelf, publisher.believed)
    assert (set(shown.releases), set(shown.problems)) == ({first}, {second})
    publishing.publish(publisher, make_model(2), "stable")
    assert handed_out(publisher) == (second, 100, 3)
    assert publisher.shelf.has_release(second)
    lose()
    moved = publishing.rollback(publisher, "stable")
    assert (moved.release.digest, moved.before) == (first, None)


def test_a_channel_that_nobody_could_read(publisher: Publisher) -> None:
    """Is not written."""
    publishing.publish(publisher, make_model(1), "stable")
    wordy = replace(publisher, note="x" * 2**22)
    with pytest.raises(UsageError, match="give a shorter --note"):
        publishing.promote(wordy, "stable", "stable", share=50)
    assert handed_out(publisher)[1:] == (100, 1)
