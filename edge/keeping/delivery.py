"""Bringing kept frames to their place; while it is away they wait in a spool."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread

from edge.keeping.kept import Kept
from edge.sinks.spool import Spool
from edge.status import FULL_DISK, Status
from litescore import store
from litescore.errors import ConfigurationError
from litescore.store.s3 import is_s3

# Seconds between tries: twice as long after each, up to these; the second where it takes a person.
_PAUSE, _LONGEST, _LONGEST_REFUSED = 1.0, 60.0, 300.0


class Delivery:
    """Writes kept frames to a folder or under an s3:// prefix, oldest first, on a thread of its own.

    What goes to S3 is put into the spool first, so that it outlives the process; what goes to a
    folder only where that does not take it.
    """

    def __init__(self, place: str, spool: Spool, *, say: Callable[[str], None]) -> None:
        self.delivered = 0
        self._place = place.rstrip("/")
        self._spool = spool
        self._say = say
        self._far = is_s3(place)
        self._pause = _PAUSE
        # Why the place does not take any more, and since when; whether the spool takes no more either.
        self._trouble: Status | None = None
        self._overflows = False
        self._arrived, self._closing = Event(), Event()
        self._thread = Thread(target=self._run, name="deliver kept frames", daemon=True)
        self._thread.start()

    def take(self, kept: Kept) -> None:
        """Write one, or have it wait."""
        if not self._far and not self._spool.waiting and self._write(kept):
            return
        before = self._spool.dropped
        self._spool.add(kept.name, kept.pack())
        self._note_room(overflows=self._spool.dropped > before)
        self._arrived.set()

    def status(self) -> Status:
        """`running`, or why frames wait; `full` while the spool drops them. Asked on any thread."""
        spool, trouble = self._spool, self._trouble
        counts = {"delivered": self.delivered, "waiting": spool.waiting, "dropped": spool.dropped}
        if trouble is None and not self._overflows:
            return Status("running", counts=counts)
        trouble = trouble or Status("full", "the spool is full: --spool-bytes makes it larger")
        state = "full" if self._overflows else trouble.state
        return Status(state, trouble.reason, trouble.since, counts)

    def close(self, seconds: float) -> None:
        """Deliver what waits, as far as that goes in so many seconds; the rest stays in the spool."""
        self._closing.set()
        self._arrived.set()
        self._thread.join(seconds)
        if waiting := self._spool.waiting:
            self._say(f"keep: {waiting:,} frames wait for {self._place} until the next start")
        self._spool.close()

    def _run(self) -> None:
        while True:
            oldest = self._spool.oldest(1)
            if oldest and self._write(Kept.unpack(oldest[0].id, oldest[0].body)):
                self._spool.done([oldest[0].key])
            elif self._closing.is_set():
                return
            elif oldest:
                self._closing.wait(self._pause)
            else:
                # Not for ever: a spool that the disk did not let read looks empty.
                self._arrived.wait(_LONGEST)
                self._arrived.clear()

    def _write(self, kept: Kept) -> bool:
        try:
            for name, data in kept.objects():
                store.put(f"{self._place}/{name}", data)
        except Exception as error:  # noqa: BLE001 whatever it is, later frames need this thread
            self._begin_trouble(error)
            return False
        self._end_trouble()
        self._overflows = False
        self.delivered += 1
        return True

    def _note_room(self, *, overflows: bool) -> None:
        if overflows and not self._overflows:
            self._say("keep: the spool is full and frames are dropped: see --spool-bytes")
        self._overflows = overflows

    def _begin_trouble(self, error: Exception) -> None:
        state = "full" if getattr(error.__cause__, "errno", None) in FULL_DISK else "lost"
        if self._trouble is None:
            self._pause = _PAUSE
            self._say(f"keep: {error}: frames wait in the spool")
            self._trouble = Status(state, str(error))
        else:
            refused = self._far and isinstance(error, ConfigurationError)
            self._pause = min(2 * self._pause, _LONGEST_REFUSED if refused else _LONGEST)
            self._trouble = Status(state, str(error), self._trouble.since)

    def _end_trouble(self) -> None:
        if self._trouble is not None:
            seconds = time.monotonic() - self._trouble.since
            self._say(f"keep: {self._place} takes frames again, after {seconds:.0f} s")
            self._trouble = None
