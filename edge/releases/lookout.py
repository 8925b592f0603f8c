"""Looks at a channel: what it hands out to this device, and why that is not taken.

It reads no more than it must, and takes nothing itself.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from edge.releases.state import State
from litescore.releases.channel import Channel
from litescore.releases.following import Followed, Running, wanted
from litescore.releases.keys import PublicKey
from litescore.releases.release import Release
from litescore.releases.shelf import Held

# What is wrong on the shelf may be mended there without a new turn; a file of 200 MB is not fetched
# every minute to find out.
_RAREST = 3600.0


@dataclass(frozen=True)
class Verdict:
    """What came of a channel as it was last read.

    etag     of the channel that was judged
    problem  why what it hands out is not taken; None where it runs
    until    when it is judged again though it has not changed, by the monotonic clock
    pause    seconds that it was put off for
    """

    etag: str
    problem: str | None
    until: float = math.inf
    pause: float = 0.0


class Lookout:
    """Looks at one channel for one device; `device` is its id."""

    def __init__(self, followed: Followed, trusted: tuple[PublicKey, ...], device: str) -> None:
        self._shelf, self._channel = followed.shelf, followed.channel
        self._trusted, self._device = trusted, device
        self._verdict: Verdict | None = None

    @property
    def problem(self) -> str | None:
        """Why what the channel hands out is not taken, by the last verdict."""
        return self._verdict.problem if self._verdict else None

    def read(self) -> Held | None:
        """The channel; None where it is as it was judged, and that still holds."""
        held = self._verdict
        etag = held.etag if held and time.monotonic() < held.until else None
        return self._shelf.read_channel(self._channel, self._trusted, etag=etag)

    def wanted(self, channel: Channel, state: State, running: Release | None) -> Release | None:
        """The release to take; None where what runs is the right one, or the right one is bad here.

        Raises ReleaseError as `litescore.releases.following.wanted`. What came from another channel
        counts for nothing: somebody at the device has told it to follow this one.
        """
        same = state.origin in (None, state.channel)
        found = wanted(
            channel,
            Running(running if same else None, state.number),
            device=self._device,
            bad=state.bad,
            read=lambda digest: self._shelf.read_release(digest, self._trusted),
        )
        return None if found and running and found.digest == running.digest else found

    def handed(self, channel: Channel) -> str | None:
        """The digest of what the channel hands out to this device; None where it has nothing yet."""
        turn = channel.turn_for(self._device)
        return turn.release if turn else None

    def why_not(self, channel: Channel, state: State) -> str | None:
        """Why nothing is wanted; None where that is as it should be."""
        digest = self.handed(channel)
        if digest is None or digest not in state.bad:
            return None
        return f"release {digest[:12]} is not taken again: {state.bad[digest]}"

    def judged(self, etag: str, problem: str | None) -> None:
        """Nothing else is to be said of the channel until it changes."""
        self._verdict = Verdict(etag, problem)

    def refused(self, etag: str, problem: str, every: float) -> None:
        """What it hands out cannot be taken: it is judged again after a while, which doubles each time
        that the same channel is refused.

        every  seconds between two looks
        """
        last = self._verdict
        pause = every
        if last is not None and last.etag == etag and last.pause:
            pause = min(2 * last.pause, max(_RAREST, every))
        # A look comes up to a fifth early.
        self._verdict = Verdict(etag, problem, time.monotonic() + 0.5 * pause, pause)

    def forget(self) -> None:
        """Something else runs than when the channel was judged."""
        self._verdict = None
