"""A device that follows a channel: real releases on a shelf, the real thread, frames by hand."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from litescore import store
from litescore.errors import ReleaseError
from litescore.record import Subject
from litescore.releases import publishing
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import Shelf
from tests.edge.releases.followed import TERMS, Start, publish
from tests.releases.conftest import make_model
from tests.rig.waiting import wait_until


def test_it_takes_what_is_published(publisher: Publisher, start: Start) -> None:
    """The first at its start, the next as soon as the channel says so."""
    first = publish(publisher, 1)
    device = start()
    assert device.begin() == first
    second = publish(publisher, 2)
    device.wait(second)
    assert device.slots.state.trial is not None
    device.show(8)
    wait_until(lambda: device.slots.state.trial is None)
    assert f"release {second[:12]} from now on" in device.said[0]
    assert device.follower.problem is None


def test_it_begins_with_what_it_has(publisher: Publisher, start: Start) -> None:
    """Without a network, without the shelf."""
    first = publish(publisher, 1)
    start().begin()
    shutil.rmtree(publisher.shelf.root)
    device = start()
    assert device.begin() == first
    wait_until(lambda: device.follower.problem)
    assert "channel 'stable' of shoes: no such file" in str(device.follower.problem)


def test_it_cannot_begin_with_nothing(start: Start) -> None:
    """No release here and none there."""
    with pytest.raises(ReleaseError, match="channel 'stable' of shoes: no such file"):
        start().begin()


def test_a_rollback_is_followed(publisher: Publisher, start: Start) -> None:
    """Back to the older one."""
    first = publish(publisher, 1)
    second = publish(publisher, 2)
    device = start()
    assert device.begin() == second
    publishing.rollback(publisher, "stable")
    device.wait(first)


def test_a_share_is_waited_for(publisher: Publisher, start: Start) -> None:
    """The device is among the last."""
    first = publish(publisher, 1)
    device = start()
    device.begin()
    publish(publisher, 2, share=50)
    wait_until(lambda: device.slots.state.number == 2)
    assert device.taken == []
    publishing.promote(publisher, "stable", "stable")
    wait_until(lambda: device.taken)
    assert device.taken[-1].digest != first


@pytest.mark.parametrize(
    ("seconds", "failed", "why"),
    [(0.01, True, "of 8 frames failed with it, 0% with the one before"), (0.2, False, "takes 200 ms, the one before 10")],
    ids=["failures", "latency"],
)  # fmt: skip
def test_a_bad_release_is_left(
    publisher: Publisher, start: Start, seconds: float, failed: bool, why: str
) -> None:
    """And not taken again, until the channel hands out another."""
    first = publish(publisher, 1)
    device = start()
    device.begin()
    device.show(20)
    second = publish(publisher, 2)
    device.wait(second)
    device.show(8, seconds=seconds, failed=failed)
    device.wait(first)
    wait_until(lambda: second in device.slots.state.bad)
    assert why in device.slots.state.bad[second]
    assert why in str(device.follower.problem)
    third = publish(publisher, 3)
    device.wait(third)


def damage_file(shelf: Shelf, digest: str) -> None:
    place = shelf.file(digest)
    content = bytearray(store.read(Subject(place), max_bytes=10**7).data)
    content[100] ^= 1
    store.put(place, bytes(content))


def shorten_file(shelf: Shelf, digest: str) -> None:
    content = store.read(Subject(shelf.file(digest)), max_bytes=10**7).data
    store.put(shelf.file(digest), content[:1000])


def drop_signature(shelf: Shelf, digest: str) -> None:
    sealed = store.read(Subject(shelf.place(digest, "release.json")), max_bytes=10**7).data
    store.put(shelf.place(digest, "release.json"), sealed.replace(b'"sig": "', b'"sig": "AA'))


def remove_file(shelf: Shelf, digest: str) -> None:
    store.delete(shelf.file(digest))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damage_file, "is another file"),
        (shorten_file, "bytes, 1,000 came"),
        (drop_signature, "is broken|not signed by a key"),
        (remove_file, "no such file"),
    ],
)
def test_what_is_spoiled_is_not_taken(
    publisher: Publisher, start: Start, spoil: Callable[[Shelf, str], None], said: str
) -> None:
    """The old one goes on, and why is told; once it is whole it is taken."""
    publish(publisher, 1)
    earlier = start()
    earlier.begin()
    earlier.follower.close()
    file = make_model(2)
    digest = publishing.publish(publisher, file, "stable").release.digest
    sealed = publisher.shelf.read_sealed(digest)
    spoil(publisher.shelf, digest)
    device = start()
    device.begin()
    wait_until(lambda: device.follower.problem)
    assert re.search(said, str(device.follower.problem))
    assert device.taken == []
    store.put(publisher.shelf.file(digest), file)
    store.put(publisher.shelf.place(digest, "release.json"), sealed)
    device.wait(digest)


def test_what_does_not_prove_itself_is_not_taken_again(
    publisher: Publisher, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Golden samples that come out otherwise on this device: fetched once, and not at every look."""
    first = publish(publisher, 1)
    device = start()
    assert device.begin() == first
    elsewhere = publishing.Verdict("identical", "another machine")
    monkeypatch.setattr(publishing.golden, "verify", lambda _: elsewhere)
    second = publishing.publish(publisher, make_model(2, wrong=9), "stable").release.digest
    wait_until(lambda: second in device.slots.state.bad)
    assert "golden samples are different" in device.slots.state.bad[second]
    assert device.taken == []


def test_what_is_too_large_is_not_fetched(publisher: Publisher, start: Start) -> None:
    """Told by its statement, before a byte of it comes."""
    publish(publisher, 1)
    earlier = start()
    earlier.begin()
    earlier.follower.close()
    publish(publisher, 2)
    device = start(terms=replace(TERMS, max_bytes=100))
    device.begin()
    wait_until(lambda: device.follower.problem)
    assert "this device takes 100" in str(device.follower.problem)
    assert not list(device.slots.folder.glob("[!.]*.part"))


def test_a_broken_transfer_goes_on(publisher: Publisher, start: Start) -> None:
    """With what came of it before the process ended."""
    publish(publisher, 1)
    device = start()
    device.begin()
    device.end()
    file = make_model(2)
    digest = publish(publisher, 2)
    part = device.slots.folder / f"{digest}.part"
    part.write_bytes(file[:-10])
    # Were its beginning asked for again, zeros would come.
    store.put(publisher.shelf.file(digest), bytes(len(file) - 10) + file[-10:])
    other = start()
    other.begin()
    other.wait(digest)
    assert not part.exists()


def test_frames_are_seen_from_another_thread(publisher: Publisher, start: Start) -> None:
    """While the follower judges: no race that ends it."""
    publish(publisher, 1)
    device = start()
    device.begin()
    second = publish(publisher, 2)
    device.wait(second)
    thread = threading.Thread(target=device.show, args=(5_000,))
    thread.start()
    wait_until(lambda: device.slots.state.trial is None)
    thread.join()
    assert device.slots.state.bad == {}
