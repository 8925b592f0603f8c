"""A channel: which release it hands out, to how many devices, and what it handed out before.

Each change is a turn with a number one higher than the last. Whoever has seen a number takes no
lower one: an old statement cannot be played back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from litescore.errors import ReleaseError, UsageError

KIND = "application/vnd.litescore.channel+json"
VERSION = 1
ACTIONS = ("publish", "promote", "rollback")
# The statement is fetched at every change: turns older than these are forgotten.
_KEPT = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Turn:
    """One change of a channel.

    number   from 1 on, one more each time
    release  digest of the release that is handed out from here on
    action   one of ACTIONS; only a rollback may hand out one that is older
    share    percent of the devices that get it, 1..100; the others keep what they had before
    relabel  its labels may differ from those of the release before it
    at       when: UTC, RFC 3339
    note     the publisher's words
    """

    number: int
    release: str
    action: str
    share: int
    relabel: bool
    at: str
    note: str = ""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ReleaseError(f"unknown action {self.action!r}: one of {', '.join(ACTIONS)}")
        if not 1 <= self.share <= 100:
            raise ReleaseError(f"a share of {self.share} percent: 1 to 100 are possible")


@dataclass(frozen=True)
class Channel:
    """A channel's turns, the newest last; one that was read has at least one."""

    model: str
    name: str
    turns: tuple[Turn, ...]

    @property
    def now(self) -> Turn:
        """What it hands out. Raises IndexError where there is no turn yet."""
        return self.turns[-1]

    @property
    def next_number(self) -> int:
        """Of the turn to come; the first is 1."""
        return self.turns[-1].number + 1 if self.turns else 1

    @property
    def whole(self) -> Turn | None:
        """The last turn that went to all devices; None where none is remembered."""
        return next((turn for turn in reversed(self.turns) if turn.share == 100), None)

    def turn_for(self, device: str) -> Turn | None:
        """The turn that a device goes by; None where it is not yet its turn and nothing went to all
        before.

        device  its id
        """
        return self.now if place_of(self.model, device) < self.now.share else self.whole

    def behind(self, digest: str | None = None) -> Turn | None:
        """The last turn that went to all devices with another release than `digest`, by default that
        of now: what a rollback goes back to. A release that was rolled back from is not gone back to.
        """
        left = {digest or self.now.release}
        for turn, before in zip(reversed(self.turns), self._before(), strict=True):
            if turn.action == "rollback":
                left.add(before)
            elif turn.share == 100 and turn.release not in left:
                return turn
        return None

    def _before(self) -> list[str]:
        """The release before each turn, of the newest turn first; "" before the oldest."""
        return [*(turn.release for turn in reversed(self.turns[:-1])), ""]

    def turned(self, turn: Turn) -> Channel:
        """With one more turn."""
        return Channel(self.model, self.name, (*self.turns, turn)[-_KEPT:])

    def as_statement(self) -> dict[str, Any]:
        """Plain JSON values."""
        turns = [asdict(turn) for turn in self.turns]
        return {"version": VERSION, "model": self.model, "channel": self.name, "turns": turns}

    @classmethod
    def from_statement(cls, statement: Mapping[str, Any]) -> Channel:
        """What `as_statement` made. Raises ReleaseError for another version or other fields."""
        version = statement.get("version")
        if version != VERSION:
            raise ReleaseError(
                f"channel version {version!r} is not known: this litescore reads version {VERSION}"
            )
        try:
            turns = tuple(Turn(**turn) for turn in statement["turns"])
            channel = cls(statement["model"], statement["channel"], turns)
        except (TypeError, KeyError) as error:
            raise ReleaseError(f"the channel has other fields than version {VERSION}") from error
        if not turns:
            raise ReleaseError(f"channel {channel.name!r} has no turn")
        return channel


def check_name(name: str) -> str:
    """The name of a channel. Raises UsageError for what is none."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no channel's name: small letters, digits, '.', '_' and '-', 64 at most"
        )
    return name


def place_of(model: str, device: str) -> float:
    """Where a device stands in a roll-out of this model: 0 <= place < 100, the same for ever.

    A share of 20 percent reaches the devices below 20, and one of 50 those and more.
    """
    digest = hashlib.sha256(f"{model}\n{device}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 * 100
