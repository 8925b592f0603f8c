"""How a part of the room is doing: what the preview, the metrics and the broker are told of it."""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

# running   does what it is for
# opening   not there yet, being tried
# lost      was there and went away; being tried again
# hung      open, and gives or takes nothing
# full      keeps what it cannot hand on, and its room is used up
STATES = ("running", "opening", "lost", "hung", "full")
# What an OSError says where there is no more room.
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Status:
    """The state of a source or a sink.

    state   one of STATES
    reason  one line for a person, where it is not `running`
    since   monotonic seconds when it came into this state
    counts  what it counted, by the names that `/metrics` bears: `captured`, `dropped`, `reopened` of
            a source; `delivered`, `waiting`, `dropped` of a sink
    """

    state: str
    reason: str | None = None
    since: float = field(default_factory=time.monotonic)
    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"unknown state {self.state!r}: one of {', '.join(STATES)}")
