"""What a loop says of the release that it runs: to the preview, the metrics and the broker."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from edge.releases.state import State


@dataclass(frozen=True)
class ReleaseStatus:
    """Where a device stands.

    channel  that is followed, as `SHELF@CHANNEL`
    slot     `a` or `b`: which holds what runs
    digest   SHA-256 of what runs
    number   the highest turn of the channel that was seen; 0 where none was
    trial    seconds for which what runs is still watched, 0 where only frames are lacking; None
             where it has passed
    since    when what runs was taken: UTC, RFC 3339, by the device's clock
    checked  when the channel was last read
    failure  why the last look brought nothing, or why a release was left; None where all is well
    bad      digest -> why it is not taken again, the latest last
    """

    channel: str
    slot: str
    digest: str
    number: int
    trial: float | None = None
    since: str | None = None
    checked: str | None = None
    failure: str | None = None
    bad: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bad", MappingProxyType(dict(self.bad)))

    @classmethod
    def of(
        cls, channel: str, state: State, *, digest: str, trial: float | None, failure: str | None
    ) -> ReleaseStatus:
        """What a follower's state comes to, with what it runs."""
        return cls(
            channel,
            state.slot or "",
            digest,
            state.number,
            trial,
            state.since,
            state.checked,
            failure,
            state.bad,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `bad` holds the last ones only, as the broker takes no long messages."""
        return {
            "channel": self.channel,
            "slot": self.slot,
            "digest": self.digest,
            "turn": self.number,
            "trial_s": None if self.trial is None else round(self.trial),
            "since": self.since,
            "checked": self.checked,
            "failure": self.failure,
            "bad": dict(list(self.bad.items())[-_TOLD:]),
        }


_TOLD = 5


def seconds_since(moment: str | None) -> float | None:
    """Seconds from a time (UTC, RFC 3339) to now by this machine's clock; None where none is known,
    or where the clock was ahead then.
    """
    if moment is None:
        return None
    try:
        passed = time.time() - datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return None
    return passed if passed >= 0 else None
