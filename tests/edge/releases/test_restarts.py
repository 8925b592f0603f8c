"""Loops that begin again: after a crash, with a state that is lost, with a newer release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.releases import state as states
from edge.releases.slots import CRASHED, Slots
from litescore.errors import ConfigurationError, ReleaseError
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.scorer import Scorer
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
