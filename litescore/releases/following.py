"""Following a channel: which release to take next, and why another is not taken.

The rules alone, the same on a Raspberry Pi and on Lambda. It fetches nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from litescore.errors import ReleaseError, UsageError
from litescore.releases.channel import Channel, Turn, check_name
from litescore.releases.release import Release
from litescore.releases.shelf import Shelf, open_shelf

_STATEMENT = (
    "channel {name!r} was seen at turn {seen}, and what came is turn {came}: an old statement"
)


@dataclass(frozen=True)
class Running:
    """What a follower runs, and the highest turn of its channel that it has seen (0: none)."""

    release: Release | None
    number: int = 0


@dataclass(frozen=True)
class Followed:
    """A channel on a shelf, as `SHELF@CHANNEL` names it."""

    shelf: Shelf
    channel: str

    def __str__(self) -> str:
        return f"{self.shelf.root}@{self.channel}"


def is_channel(model: str) -> bool:
    """Whether what is named as a model is a channel: `s3://bucket/models/shoes@stable`."""
    root, at, name = model.rpartition("@")
    return bool(at) and "/" not in name and not name.endswith(".tflite") and bool(root)


def follow(model: str) -> Followed:
    """The channel that `SHELF@CHANNEL` names. Raises UsageError for what names none."""
    root, at, name = model.rpartition("@")
    if not at:
        raise UsageError(f"{model!r} names no channel: SHELF@CHANNEL, as models/shoes@stable")
    return Followed(open_shelf(root), check_name(name))


def wanted(
    channel: Channel,
    running: Running,
    *,
    device: str,
    bad: Collection[str],
    read: Callable[[str], Release],
) -> Release | None:
    """The release to take, None where the one that runs is the right one.

    device  the follower's id, which decides whether it is among a share of the devices
    bad     digests of releases that failed here: they are not taken again
    read    gives the signed release of a digest

    Raises ReleaseError for an old statement, for a release that is older than what runs (but after
    a rollback, or where a share of the devices became smaller), and for one with other labels that nobody said may be other ones.
    """
    if channel.now.number < running.number:
        raise ReleaseError(
            _STATEMENT.format(name=channel.name, seen=running.number, came=channel.now.number)
        )
    turn = channel.turn_for(device)
    if turn is None or turn.release in bad:
        return None
    if running.release is not None and turn.release == running.release.digest:
        return None
    found = read(turn.release)
    if running.release is not None and not _was_partial(running.release, turn, channel):
        _check_age(running.release, found, turn)
        _check_labels(running, found, channel)
    return found


def _was_partial(old: Release, turn: Turn, channel: Channel) -> bool:
    """Whether what runs came by a later turn for a share of the devices, which this one is not among
    any more: it goes back to what went to all.
    """
    later = (one for one in channel.turns if one.number > turn.number)
    return any(one.release == old.digest and one.share < 100 for one in later)


def _check_age(old: Release, new: Release, turn: Turn) -> None:
    if new.made < old.made and turn.action != "rollback":
        raise ReleaseError(
            f"release {new.digest[:12]} of {new.made} is older than {old.digest[:12]} of "
            f"{old.made}, which runs: only a rollback goes back"
        )


def _check_labels(running: Running, new: Release, channel: Channel) -> None:
    """Any turn since the last one of what runs may have said that labels change: one for a share of
    the devices has, and the one that brings the same release to this device need not say it again.
    """
    assert running.release is not None
    if new.labels == running.release.labels:
        return
    numbers = [turn.number for turn in channel.turns if turn.release == running.release.digest]
    last = max(numbers, default=0)
    if not any(turn.relabel for turn in channel.turns if turn.number > last):
        raise ReleaseError(
            f"release {new.digest[:12]} has other labels than {running.release.digest[:12]}, and "
            "nobody said that they change: publish it with --allow-label-change"
        )
