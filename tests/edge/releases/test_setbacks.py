"""What would lock a device out, or have it run what it should not: full disks, crashes in odd places,
other loops, other channels.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.releases import state as states
from edge.releases.slots import LOCK, Slots
from litescore import store
from litescore.errors import ConfigurationError
from litescore.record import Subject
from litescore.releases import publishing
from litescore.releases.publishing import Publisher
from litescore.scorer import Scorer
from tests.edge.releases.followed import (
    ENDLESS,
    Followed,
    Start,
    publish,
    restarted,
)
from tests.releases.conftest import make_model
from tests.rig.waiting import wait_until


@contextmanager
def unwritable(slots: Slots) -> Iterator[None]:
    """The state cannot be written: what it is written to first is a folder.

    A stand-in for a full disk, which takes root to mount, and root writes to what is read-only; with a
    real one see tests/edge/releases/test_processes.py.
    """
    beside = slots.folder / f".state.json.{os.getpid()}.part"
    wait_until(lambda: _made(beside))
    (beside / "full").touch()
    yield
    (beside / "full").unlink()
    beside.rmdir()


def _made(folder: Path) -> bool:
    """Not while something is being written there."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def test_back_on_a_full_disk(publisher: Publisher, start: Start) -> None:
    """The loop leaves a bad release though that cannot be written down, and it is written later."""
    first = publish(publisher, 1)
    device = start()
    device.begin()
    device.show(20)
    second = publish(publisher, 2)
    device.wait(second)
    with unwritable(device.slots):
        device.show(8, failed=True)
        device.wait(first)
        wait_until(lambda: device.slots.trouble)
        assert "cannot write" in str(device.slots.trouble)
        assert states.read(device.slots.folder / "state.json").trial is not None
    wait_until(lambda: second in states.read(device.slots.folder / "state.json").bad)
    assert states.read(device.slots.folder / "state.json").trial is None


def test_a_start_on_a_full_disk(publisher: Publisher, start: Start) -> None:
    """After a crash on trial: the old one runs, and why nothing is written is told."""
    first = publish(publisher, 1)
    device = start(terms=ENDLESS)
    device.begin()
    device.wait(publish(publisher, 2))
    device.follower.close()
    again = restarted(start)
    with unwritable(again.slots):
        # What a killed process left is removed at a start; this one is not to be.
        assert again.begin() == first
        wait_until(lambda: any("cannot write" in line for line in again.said))


def test_no_loop_of_a_full_disk_and_a_dead_line(publisher: Publisher, start: Start) -> None:
    """The thread that follows outlives both at once."""
    publish(publisher, 1)
    device = start()
    device.begin()
    channel = publisher.shelf.place("channels", "stable.json")
    content = store.read(Subject(channel), max_bytes=10**6).data
    with unwritable(device.slots):
        store.put(channel, b"{}")
        wait_until(lambda: "broken" in str(device.follower.problem))
    store.put(channel, content)
    device.wait(publish(publisher, 2))


def test_another_error_than_ours_does_not_end_it(publisher: Publisher, start: Start) -> None:
    """Whatever a runtime raises; the next look goes well."""
    publish(publisher, 1)
    loads: list[int] = []

    def load(file: bytes) -> Scorer:
        loads.append(len(file))
        if len(loads) == 2:
            raise RuntimeError("no reason given")
        return Scorer(file)

    device = start(load=load)
    device.begin()
    second = publish(publisher, 2)
    device.wait(second)
    assert any("RuntimeError: no reason given" in line for line in device.said)


def test_one_loop_at_a_time(publisher: Publisher, start: Start, slots: Slots) -> None:
    """Two would write over each other's slots."""
    publish(publisher, 1)
    device = start()
    device.begin()
    other = Followed(publisher, slots)
    with pytest.raises(ConfigurationError, match=r"another loop follows.*--state of its own"):
        other.begin()
    device.follower.close()
    assert other.begin()
    other.follower.close()


def test_a_look_at_the_lock_keeps_no_loop_away(publisher: Publisher, start: Start) -> None:
    """As `litescore edge status` takes one, while a loop starts."""
    publish(publisher, 1)
    device = start()
    device.slots.folder.mkdir(parents=True)
    with (device.slots.folder / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        threading.Timer(0.1, fcntl.flock, (file, fcntl.LOCK_UN)).start()
        assert device.begin()


def test_what_a_killed_process_left_is_removed(publisher: Publisher, start: Start) -> None:
    """Half files of its number, which no other process would write over."""
    publish(publisher, 1)
    device = start()
    device.begin()
    left = [device.slots.folder / name for name in (".state.json.1.part", "a/.model.tflite.1.part")]
    for path in left:
        path.write_bytes(b"half")
    start().begin()
    assert not any(path.exists() for path in left)


def test_what_is_bad_stays_told(publisher: Publisher, start: Start) -> None:
    """At every look after it, by ETag or not, and after a restart."""
    publish(publisher, 1)
    device = start()
    device.begin()
    device.show(20)
    second = publish(publisher, 2)
    device.wait(second)
    device.show(8, failed=True)
    wait_until(lambda: second in device.slots.state.bad)
    for _ in range(3):
        before = device.slots.state
        wait_until(lambda before=before: device.slots.state is not before)
    assert f"release {second[:12]} is not taken again: 8 of 8" in str(device.follower.problem)
    again = start()
    again.begin()
    wait_until(lambda: "is not taken again" in str(again.follower.problem))
    publish(publisher, 3)
    again.wait(publish(publisher, 4))
    wait_until(lambda: again.follower.problem is None)


def test_an_old_statement_after_a_refusal(publisher: Publisher, start: Start) -> None:
    """The turn of a release that is refused was seen all the same."""
    publish(publisher, 1)
    channel = publisher.shelf.place("channels", "stable.json")
    old = store.read(Subject(channel), max_bytes=10**6).data
    device = start()
    device.begin()
    device.end()
    second = publish(publisher, 2)
    store.put(publisher.shelf.file(second), b"another file")
    device = start()
    device.begin()
    wait_until(lambda: "came" in str(device.follower.problem))
    assert device.slots.state.number == 2
    store.put(channel, old)
    wait_until(lambda: "seen at turn 2, and what came is turn 1" in str(device.follower.problem))


def test_another_channel_is_another_story(publisher: Publisher, start: Start) -> None:
    """Told to follow another one, a device takes what that hands out, at whichever turn it is and
    however old the release.
    """
    first = publish(publisher, 1)
    for number in (2, 3):
        canary = publishing.publish(publisher, make_model(number), "canary").release.digest
    device = start(channel="canary")
    assert device.begin() == canary
    assert device.slots.state.number == 2
    device.end()
    stable = start(terms=ENDLESS)
    assert stable.begin() == canary
    stable.wait(first)
    assert stable.slots.state.number == 1


def test_labels_that_changed_for_a_share(publisher: Publisher, start: Start) -> None:
    """The turn to all need not say it again: the devices that waited take it too."""
    publish(publisher, 1)
    device = start()
    device.begin()
    other = make_model(2, labels=("ant", "bee", "dog"))
    publishing.publish(publisher, other, "stable", share=50, relabel=True)
    wait_until(lambda: device.slots.state.number == 2)
    digest = publishing.promote(publisher, "stable", "stable").release.digest
    device.wait(digest)
