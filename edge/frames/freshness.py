"""How long a frame of a stream waited in a buffer, told by its time stamp.

A stream that is opened first gives what was read while its form was found out, a second and more of
it; one that stalled gives all that gathered on the way. Of time stamps only the distance to our
clock counts: it is smallest at the live edge, where a frame is read as soon as it is made.
"""

from __future__ import annotations

import math
from collections import deque

# A frame that waited no longer, in seconds, is given, with the time at which it was made.
PROMPT = 0.25
# So many frames in a row that came no faster than twice their own rate were waited for: the buffer
# is empty.
_FRAMES = 4
_RATE = 2.0
# A stream's clock may jump, as when its sender learns the time: then the distance is another for
# good. What waits in a buffer is read in less time, and its distance shrinks meanwhile.
_SETTLES = 1.5
# A sender's clock runs otherwise than ours, by far less than this share.
_DRIFT = 1e-3


class LiveEdge:
    """Learns a stream's live edge from its frames; one for each opening of it."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, float]] = deque(maxlen=_FRAMES)
        self._began: float | None = None
        self._distance: float | None = None
        self._behind_since: float | None = None

    def waited(self, position: float, now: float) -> float:
        """Seconds that a frame waited before it was read at `now`, monotonic seconds; infinite
        while the stream gives what it had at its opening. `position` is its own time in seconds.

        Of a stream whose time stamps do not move nothing is known, and 0 said.
        """
        self._recent.append((position, now))
        self._began = now if self._began is None else self._began
        if not self._moves():
            return 0.0
        if self._distance is None:
            if not self._is_live(now - self._began):
                return math.inf
            self._distance = now - position
        return self._behind(now - position, now)

    def _moves(self) -> bool:
        (first, _), (latest, _) = self._recent[0], self._recent[-1]
        return latest > first or len(self._recent) < _FRAMES

    def _is_live(self, open_for: float) -> bool:
        (first, then), (latest, now) = self._recent[0], self._recent[-1]
        steady = len(self._recent) == _FRAMES and latest - first <= _RATE * (now - then)
        return steady or open_for > _SETTLES

    def _behind(self, distance: float, now: float) -> float:
        assert self._distance is not None
        _, before = self._recent[-2] if len(self._recent) > 1 else self._recent[-1]
        self._distance = min(distance, self._distance + _DRIFT * (now - before))
        behind = distance - self._distance
        if behind <= PROMPT:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since > _SETTLES:
            self._distance, self._behind_since, behind = distance, None, 0.0
        return behind
