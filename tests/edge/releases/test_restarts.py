"""Trials that are cut short, and loops that begin again: after a crash, with a state that is lost, with
a newer release.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.releases import report
from edge.releases import state as states
from edge.releases.slots import CRASHED, Slots
from litescore import store
from litescore.errors import ConfigurationError, ReleaseError, UsageError
from litescore.releases import publishing
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.scorer import Scorer
from litescore.store import resume
from tests.edge.releases.followed import (
    DEVICE,
    ENDLESS,
    NEXT_BOOT,
    Start,
    publish,
    restarted,
)
from tests.releases.conftest import make_model
from tests.rig.waiting import wait_until


def test_a_rollback_ends_a_trial(publisher: Publisher, start: Start) -> None:
    """Of a camera that gives no frames: a trial that cannot end does not keep a device from what the
    channel hands out. Nothing is held against the release.
    """
    first = publish(publisher, 1)
    device = start(terms=ENDLESS)
    device.begin()
    second = publish(publisher, 2)
    device.wait(second)
    publishing.rollback(publisher, "stable")
    device.wait(first)
    wait_until(lambda: device.slots.state.trial is None)
    assert (device.slots.state.bad, device.slots.state.number) == ({}, 3)


def test_a_release_on_trial_is_not_gone_back_to(publisher: Publisher, start: Start) -> None:
    """A third one comes meanwhile: the first stays in the other slot."""
    first = publish(publisher, 1)
    device = start(terms=ENDLESS)
    device.begin()
    device.wait(publish(publisher, 2))
    third = publish(publisher, 3)
    device.wait(third)
    assert [scorer.digest for scorer in device.taken][-2:] == [first, third]
    device.show(8, failed=True)
    device.wait(first)
    wait_until(lambda: list(device.slots.state.bad) == [third])


def test_a_trial_goes_on_until_the_next_is_here(publisher: Publisher, start: Start) -> None:
    """The channel hands out a third whose file is missing: nothing is left for that. Then it comes."""
    first = publish(publisher, 1)
    earlier = start(terms=ENDLESS)
    earlier.begin()
    second = publish(publisher, 2)
    earlier.wait(second)
    earlier.end()
    third, place = publish(publisher, 3), publisher.shelf.file
    store.delete(place(third))
    device = start(terms=ENDLESS)
    assert device.begin() == second
    wait_until(lambda: f"release {third[:12]}: no such file" in str(device.follower.problem))
    assert device.taken == []
    assert device.slots.state.trial is not None
    store.put(place(third), make_model(3))
    device.wait(third)
    assert [scorer.digest for scorer in device.taken] == [first, third]
    device.show(8, failed=True)
    device.wait(first)


def test_a_trial_fails_while_the_next_is_fetched(
    publisher: Publisher, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That may take an hour. It is taken all the same once it is here."""
    first = publish(publisher, 1)
    device = start(terms=ENDLESS)
    device.begin()
    device.show(20)
    second = publish(publisher, 2)
    device.wait(second)
    taken: list[list[str]] = []

    def slow(path: Path, done: int, size: int) -> Iterator[bytes]:
        content = path.read_bytes()
        device.show(8, failed=True)
        yield content[:100]
        taken.append([scorer.digest for scorer in device.taken])
        yield content[100:]

    # A line that is slow at a place that a test can know.
    monkeypatch.setattr(resume, "_of_file", slow)
    third = publish(publisher, 3)
    device.wait(third)
    assert taken[0] == [second, first]
    assert list(device.slots.state.bad) == [second]


def test_a_crash_while_the_next_is_proven(publisher: Publisher, start: Start) -> None:
    """Is not held against what is on trial, but for the third time; `status` tells the same."""
    publish(publisher, 1)
    device = start(terms=ENDLESS)
    device.begin()
    second = publish(publisher, 2)
    device.wait(second)
    device.follower.close()
    folder = device.slots.folder
    for _ in range(2):
        slots = Slots(folder, publisher.believed)
        slots.prove("e" * 64)
        (told,) = report.read(folder.parent, publisher.believed, DEVICE.boot)
        held = slots.begin(DEVICE.boot)
        assert held is not None
        assert (held.release.digest, held.slot, dict(slots.state.bad)) == (second, told.slot, {})
        assert "killed with another being proven" in str(told.trial)
    slots = Slots(folder, publisher.believed)
    slots.begin(DEVICE.boot)
    assert dict(slots.state.bad) == {second: CRASHED}


def test_what_the_loop_refuses_does_not_run(
    publisher: Publisher, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label that the command's words ask for is not there: the state says what runs."""
    first = publish(publisher, 1)
    device = start()
    asked: list[str] = []

    def refuse(scorer: Scorer) -> None:
        asked.append(scorer.digest)
        raise UsageError("no label 'eel'")

    monkeypatch.setattr(device, "take", refuse)
    device.begin()
    second = publish(publisher, 2)
    wait_until(lambda: "no label 'eel'" in str(device.follower.problem))
    held = device.slots.held(str(device.slots.state.slot))
    assert held is not None
    assert held.release.digest == first
    assert device.slots.state.bad == {}
    before = device.slots.state
    wait_until(lambda: device.slots.state is not before)
    assert asked == [second]


def test_a_crash_is_followed_by_a_look(publisher: Publisher, start: Start) -> None:
    """A release that has passed and then takes the loop down in its first second: what mends it is
    taken before the next frame. After a power cut nobody waits for the network.
    """
    first = publish(publisher, 1)
    start().begin()
    second = publish(publisher, 2)
    assert restarted(start, NEXT_BOOT, terms=replace(ENDLESS, every=1000)).begin() == first
    assert restarted(start, NEXT_BOOT, terms=replace(ENDLESS, every=1000)).begin() == second


def test_a_loop_without_a_frame_is_followed_by_a_look(publisher: Publisher, start: Start) -> None:
    """It may be the release that keeps it from one, as by a label that it does not have."""
    publish(publisher, 1)
    device = start()
    device.begin()
    device.follower.end()
    device.follower.close()
    second = publish(publisher, 2)
    assert start(terms=replace(ENDLESS, every=1000)).begin() == second


def test_what_crashes_while_it_is_proven(publisher: Publisher, start: Start) -> None:
    """A file that takes the process down when it is loaded is not loaded at every start."""
    first = publish(publisher, 1)
    device = start()
    device.begin()
    device.end()
    second = publish(publisher, 2)
    for _ in range(2):
        # As two processes that did not come back from it.
        Slots(device.slots.folder, publisher.believed).prove(second)
    again = start()
    assert again.begin() == first
    wait_until(lambda: second in again.slots.state.bad)
    assert "ended 2 times while it was being loaded" in again.slots.state.bad[second]
    assert again.taken == []


def test_one_crash_while_it_is_proven_is_none(publisher: Publisher, start: Start) -> None:
    """Somebody pulled the plug."""
    publish(publisher, 1)
    device = start()
    device.begin()
    device.end()
    second = publish(publisher, 2)
    Slots(device.slots.folder, publisher.believed).prove(second)
    again = start()
    again.begin()
    again.wait(second)
    assert again.slots.state.proof is None


def test_a_release_that_comes_at_the_end(publisher: Publisher, start: Start) -> None:
    """Swapped in while the loop ends as it should: the next start is its first."""
    publish(publisher, 1)
    device = start()
    device.begin()
    device.follower.close()
    device.slots.end()
    second = publish(publisher, 2)
    sealed, file = publisher.shelf.read_sealed(second), make_model(2)
    device.slots.swap(device.slots.put(sealed, file), 2, DEVICE.boot)
    assert start().begin() == second


def test_a_slot_that_does_not_load(publisher: Publisher, start: Start) -> None:
    """After the runtime was replaced by another: the other slot runs."""
    first = publish(publisher, 1)
    device = start()
    device.begin()
    second = publish(publisher, 2)
    device.wait(second)
    device.show(8)
    wait_until(lambda: device.slots.state.trial is None)
    device.end()

    def load(file: bytes) -> Scorer:
        scorer = Scorer(file)
        if scorer.digest == second:
            raise ConfigurationError("this runtime is too old for it")
        return scorer

    again = start(load=load)
    assert again.begin() == first
    wait_until(lambda: again.slots.state.number == 2)
    assert f"release {first[:12]} runs" in again.said[0]
    assert again.slots.state.bad == {}


def test_nothing_for_this_device(publisher: Publisher, start: Start) -> None:
    """The only release went to a share of the devices."""
    publish(publisher, 1, share=1)
    with pytest.raises(ReleaseError, match="has no release for this device yet"):
        start().begin()


def test_failing_frames_after_a_restart(publisher: Publisher, start: Start) -> None:
    """How many failed before is not known any more: a camera that tears a third of its pictures does
    so with any model.
    """
    publish(publisher, 1)
    device = start(terms=ENDLESS)
    device.begin()
    second = publish(publisher, 2)
    device.wait(second)
    device.end()
    again = start()
    assert again.begin() == second
    again.taken.append(Scorer(make_model(2)))
    again.show(4, failed=True)
    again.show(8)
    wait_until(lambda: again.slots.state.trial is None)
    assert again.slots.state.bad == {}


def test_a_lost_state_is_on_trial(publisher: Publisher, start: Start, key: PrivateKey) -> None:
    """What was bad is forgotten with it: the newer one must show again that it runs."""
    first = publish(publisher, 1)
    device = start(terms=ENDLESS)
    device.begin()
    second = publish(publisher, 2)
    device.wait(second)
    device.follower.close()
    (device.slots.folder / "state.json").write_bytes(b"\0" * 100)
    held = Slots(device.slots.folder, (key.public,)).begin("boot 7")
    assert held is not None
    assert held.release.digest == second
    held = (again := Slots(device.slots.folder, (key.public,))).begin("boot 7")
    assert held is not None
    assert held.release.digest == first
    assert again.state.bad == {second: CRASHED}


def test_a_state_of_another_litescore(publisher: Publisher, start: Start) -> None:
    """It has fields more, and fields less."""
    publish(publisher, 1)
    device = start()
    device.begin()
    device.follower.close()
    device.slots.refuse("f" * 64, "no")
    path = device.slots.folder / "state.json"
    text = path.read_text().replace('"since"', '"more": 1, "was_since"')
    path.write_text(text)
    read = states.read(path)
    assert (read.bad, read.slot, read.since) == ({"f" * 64: "no"}, "a", None)


def test_a_state_with_more_within_it(publisher: Publisher, start: Start) -> None:
    """Fields that another litescore added to a trial or a proof: what is bad is remembered."""
    publish(publisher, 1)
    device = start(terms=ENDLESS)
    device.begin()
    device.wait(publish(publisher, 2))
    device.follower.close()
    device.slots.refuse("f" * 64, "no")
    device.slots.prove("e" * 64)
    path = device.slots.folder / "state.json"
    text = path.read_text()
    assert '"starts"' in text
    path.write_text(
        text.replace('"starts"', '"more": 1, "starts"').replace('"tries"', '"more": 1, "tries"')
    )
    read = states.read(path)
    assert (read.bad, read.slot) == ({"f" * 64: "no"}, "b")
    assert (read.trial, read.proof) == (device.slots.state.trial, device.slots.state.proof)
    path.write_text(text.replace('"boot"', '"was_boot"'))
    read = states.read(path)
    assert (read.bad, read.trial) == ({"f" * 64: "no"}, states.Trial(""))
