"""Trials that are cut short: by a rollback, by a third release, by a crash, by the loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.releases import report
from edge.releases.slots import CRASHED, Slots
from litescore import store
from litescore.errors import UsageError
from litescore.releases import publishing
from litescore.releases.publishing import Publisher
from litescore.scorer import Scorer
from litescore.store import resume
from tests.edge.releases.followed import (
    DEVICE,
    ENDLESS,
    Start,
    publish,
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
