"""Looks at every frame that was scored, and hands on those that are to be kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from queue import Full, Queue
from threading import Thread

from edge.keeping.delivery import Delivery
from edge.keeping.kept import Kept
from edge.keeping.quota import Quota
from edge.keeping.rules import Rule
from edge.scored import Scored
from edge.status import Status
from litescore.errors import ConfigurationError

# Whole pictures in memory at once, to be encoded.
_MOST_AT_ONCE = 4
# Seconds that closing may take, for encoding and for delivering.
_FAREWELL = 0.6


class Keep:
    """A watcher. Where a rule holds, the last kept frame is long enough ago, and the quota has not
    run out, the frame is encoded on another thread and delivered by a third.

    rules    any of them is enough
    quota    how many a day
    seconds  at least so long from one kept frame to the next
    form     of camera frames: `jpeg` or `png`
    """

    name = "keep"

    def __init__(
        self,
        rules: Sequence[Rule],
        quota: Quota,
        delivery: Delivery,
        *,
        seconds: float,
        form: str,
        say: Callable[[str], None],
    ) -> None:
        self._rules = rules
        self._quota = quota
        self._delivery = delivery
        self._seconds = seconds
        self._form = form
        self._say = say
        self._next = -float("inf")
        self._lost = 0
        self._over_quota = 0
        self._unsaved = False
        self._queue: Queue[tuple[Scored, list[str]] | None] = Queue(_MOST_AT_ONCE)
        self._thread = Thread(target=self._run, name="encode kept frames", daemon=True)
        self._thread.start()

    def see(self, scored: Scored) -> None:
        """Hand it on where it is to be kept."""
        # Each rule is asked: those that count must see every frame.
        rules = [rule.words for rule in self._rules if rule.holds(scored)]
        if not rules or scored.probabilities is None:
            return
        now = time.monotonic()
        if now < self._next:
            return
        if self._queue.full():
            self._lost += 1
        elif self._quota.take():
            self._next = now + self._seconds
            self._queue.put_nowait((scored, rules))
        else:
            self._over_quota += 1

    def status(self) -> Status:
        """How the delivery is doing; `over_quota` counts the frames that only the quota kept out."""
        status = self._delivery.status()
        counts = dict(status.counts) | {"over_quota": self._over_quota}
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
        # At least a moment for what was encoded last.
        self._delivery.close(max(0.1, end - time.monotonic()))

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
            self._quota.save()
            self._unsaved = False
        except ConfigurationError as error:
            if not self._unsaved:
                self._say(f"keep: {error}: a restart forgets how many frames were kept")
            self._unsaved = True
