"""Which release a follower takes, and which it refuses: the rules alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from litescore.errors import ReleaseError, UsageError
from litescore.releases.channel import Channel, Turn, place_of
from litescore.releases.following import Running, follow, is_channel, wanted
from litescore.releases.release import Release

DEVICE = "0123456789ab"
TIMES = {"A": "2026-01-01", "B": "2026-01-02", "C": "2026-01-03"}


def release(digest: str, labels: tuple[str, ...] = ("ant", "bee")) -> Release:
    made = f"{TIMES[digest]}T00:00:00Z"
    return Release("shoes", digest, 1, made, labels, "gray", 4, 3, "int8", None, {})


def turned(*turns: tuple[str, Mapping[str, Any]]) -> Channel:
    channel = Channel("shoes", "stable", ())
    for digest, words in turns:
        chosen = {"action": "publish", "share": 100, "relabel": False} | dict(words)
        channel = channel.turned(Turn(channel.next_number, digest, at="2026-01-09", **chosen))
    return channel


def asked(channel: Channel, running: Running, bad: tuple[str, ...] = ()) -> str | None:
    """The digest of what is wanted."""
    found = wanted(channel, running, device=DEVICE, bad=bad, read=release)
    return found.digest if found else None


def test_the_first_and_the_next() -> None:
    """A device that has nothing takes what there is; one that has it already takes nothing."""
    assert asked(turned(("A", {})), Running(None)) == "A"
    assert asked(turned(("A", {})), Running(release("A"), 1)) is None
    assert asked(turned(("A", {}), ("B", {})), Running(release("A"), 1)) == "B"


def test_a_share_waits_its_turn() -> None:
    """The device is among the last: it keeps what went to all."""
    assert place_of("shoes", DEVICE) > 99
    few = turned(("A", {}), ("B", {"share": 99}))
    assert asked(few, Running(release("A"), 1)) is None
    assert asked(few, Running(None)) == "A"
    assert asked(turned(("B", {"share": 99})), Running(None)) is None
    assert asked(turned(("A", {}), ("B", {})), Running(release("A"), 1)) == "B"


def test_only_a_rollback_goes_back() -> None:
    """An older release as one of today is refused; as a rollback it is taken."""
    with pytest.raises(ReleaseError, match=r"is older than B.*only a rollback goes back"):
        asked(turned(("B", {}), ("A", {})), Running(release("B"), 1))
    back = turned(("A", {}), ("B", {}), ("A", {"action": "rollback"}))
    assert asked(back, Running(release("B"), 2)) == "A"


def test_an_old_statement_is_not_played_back() -> None:
    """Signed as it is: who replays it would keep a device on a release that was left."""
    with pytest.raises(ReleaseError, match="was seen at turn 5, and what came is turn 2"):
        asked(turned(("A", {}), ("B", {})), Running(release("A"), 5))


def test_what_failed_here_is_not_taken_again() -> None:
    """Until the channel hands out another."""
    channel = turned(("A", {}), ("B", {}))
    assert asked(channel, Running(release("A"), 1), bad=("B",)) is None
    assert asked(channel.turned(replace(channel.now, number=3, release="C")),
                 Running(release("A"), 2), bad=("B",)) == "C"  # fmt: skip


def test_labels_change_only_where_that_was_said() -> None:
    """Also by a turn that this device slept through."""

    def renamed(digest: str) -> Release:
        return release(digest, ("ant", "cat") if digest != "A" else ("ant", "bee"))

    def ask(channel: Channel, number: int = 1) -> object:
        running = Running(release("A"), number)
        return wanted(channel, running, device=DEVICE, bad=(), read=renamed)

    with pytest.raises(ReleaseError, match="other labels than A, and nobody said"):
        ask(turned(("A", {}), ("B", {})))
    assert ask(turned(("A", {}), ("B", {"relabel": True})))
    assert ask(turned(("A", {}), ("B", {"relabel": True}), ("C", {})))
    with pytest.raises(ReleaseError, match="nobody said"):
        ask(turned(("A", {"relabel": True}), ("B", {}), ("C", {})))


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ("s3://bucket/models/shoes@stable", True),
        ("models/shoes@canary", True),
        ("model.tflite", False),
        ("models@home/shoes.tflite", False),
        ("odd@name.tflite", False),
        ("@stable", False),
    ],
)
def test_what_names_a_channel(model: str, named: bool) -> None:
    """And what is a file."""
    assert is_channel(model) is named
    if named:
        assert str(follow(model)) == model


def test_what_names_none() -> None:
    """Each is told."""
    with pytest.raises(UsageError, match="names no channel: SHELF@CHANNEL"):
        follow("models/shoes")
    with pytest.raises(UsageError, match="is no channel's name"):
        follow("models/shoes@Stable")


def test_a_share_that_became_smaller() -> None:
    """Who is not among it any more goes back to what went to all, labels or not; who had that already
    takes nothing.
    """
    fewer = turned(("A", {}), ("B", {"share": 99}), ("C", {"share": 20}))
    assert asked(fewer, Running(release("B", ("ant",)), 2)) == "A"
    assert asked(fewer, Running(release("A"), 2)) is None
    with pytest.raises(ReleaseError, match="only a rollback goes back"):
        asked(turned(("A", {}), ("C", {"share": 20})), Running(release("B"), 1))


def test_what_went_to_all_before() -> None:
    """Another than now, or than the one that is named."""
    channel = turned(("A", {}), ("B", {}), ("C", {"share": 20}))
    assert (channel.behind(), channel.behind("B")) == (channel.turns[1], channel.turns[0])
