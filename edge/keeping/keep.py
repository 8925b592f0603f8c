"""Looks at every frame that was scored, and hands on those that are to be kept."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from queue import Full, Queue
from threading import Thread

from edge.keeping.allowance import Allowance
from edge.keeping.delivery import Delivery
from edge.keeping.kept import Kept
from edge.scored import Scored
from edge.status import Status
from litescore.errors import ConfigurationError

# Whole pictures in memory at once, to be encoded.
_MOST_AT_ONCE = 4
# Seconds that closing may take, for encoding and for delivering.
_FAREWELL = 0.6


class Keep:
    """A watcher. Where an allowance's rule holds, its last kept frame is long enough ago, and its
    quota has not run out, the frame is encoded on another thread and delivered by a third.

    allowances  any of them is enough; none knows of the others, so that what one keeps does not
                depend on what another did
    form        of camera frames: `jpeg` or `png`
    waits       whether the loop waits where frames come faster than they are written, as those of a
                file may; a camera's are left out
    every       seconds from one word on how many frames were kept to the next; 0 for no such words
    """

    name = "keep"

    def __init__(
        self,
        allowances: Sequence[Allowance],
        delivery: Delivery,
        *,
        form: str,
        waits: bool = False,
        every: float = 0.0,
        say: Callable[[str], None],
    ) -> None:
        self._allowances = allowances
        self._delivery = delivery
        self._form = form
        self._say = say
        self._waits = waits
        self._every = every
        self._tell_at, self._told = time.monotonic() + every, ""
        self._kept: Counter[str] = Counter()
        self._lost = 0
        self._unsaved = False
        self._queue: Queue[tuple[Scored, list[str]] | None] = Queue(_MOST_AT_ONCE)
        self._thread = Thread(target=self._run, name="encode kept frames", daemon=True)
        self._thread.start()

    def see(self, scored: Scored) -> None:
        """Hand it on where it is to be kept."""
        now = time.monotonic()
        if self._every and now >= self._tell_at:
            self._tell_at = now + self._every
            self._tell()
        wanted = [(one, one.wanted(scored, now)) for one in self._allowances]
        wanted = [(one, rules) for one, rules in wanted if rules]
        if not wanted or scored.probabilities is None:
            return
        if self._queue.full() and not self._waits:
            self._lost += 1
        elif rules := [word for one, words in wanted if one.take(now) for word in words]:
            self._kept.update(rules)
            self._queue.put((scored, rules))

    def status(self) -> Status:
        """How the delivery is doing; `over_quota` counts the frames that only the quota kept out."""
        status = self._delivery.status()
        over = sum(one.over_quota for one in self._allowances)
        counts = dict(status.counts) | {"over_quota": over}
        counts["dropped"] += self._lost
        return replace(status, counts=counts)

    def close(self) -> None:
        """Encode and deliver what is left; what cannot be delivered now stays in the spool."""
        end = time.monotonic() + _FAREWELL
        with suppress(Full):
            self._queue.put(None, timeout=_FAREWELL)
        self._thread.join(max(0.0, end - time.monotonic()))
        if self._thread.is_alive():
            self._lost += self._queue.qsize() + 1
        if self._lost:
            self._say(f"keep: {self._lost:,} frames lost: they came faster than they were written")
        if self._every:
            self._tell()
        # At least a moment for what was encoded last.
        self._delivery.close(max(0.1, end - time.monotonic()))

    def _tell(self) -> None:
        """How many frames each rule kept since the start, where that changed."""
        over = sum(one.over_quota for one in self._allowances)
        found = [f"{count:,} by {rule}" for rule, count in sorted(self._kept.items())]
        line = f"keep: {', '.join(found) or 'no frame'}; {over:,} over the quota"
        if line != self._told:
            self._say(line)
            self._told = line

    def _run(self) -> None:
        while (asked := self._queue.get()) is not None:
            scored, rules = asked
            try:
                self._delivery.take(Kept.of(scored, rules, self._form))
            except Exception as error:  # noqa: BLE001 one frame's fault must not end the keeping
                self._lost += 1
                self._say(f"keep: frame {scored.frame.number} lost: {error}")
            self._save_quota()

    def _save_quota(self) -> None:
        """On a full disk the quota holds until the process ends; said once."""
        try:
            for one in self._allowances:
                one.save()
            self._unsaved = False
        except ConfigurationError as error:
            if not self._unsaved:
                self._say(f"keep: {error}: a restart forgets how many frames were kept")
            self._unsaved = True
