"""A bounded queue on disk, in order, that outlives the process.

What cannot be written waits in memory and is written when it can be: on a full disk, in a folder
that became read-only. Nothing here raises into a loop that runs; only a spool that another process
holds is refused, when it is opened.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import IO

from edge.sinks.spool_file import (
    ForeignFile,
    Spooled,
    SpoolFile,
    is_broken,
    is_readable,
    lock,
    set_aside,
)
from litescore.errors import ConfigurationError

KEEP = ("oldest", "newest")
_MEMORY_BYTES = 4 << 20
# How long a disk that refused is left alone, in seconds.
_PAUSE = 1.0
# How long the tally of a full spool may lag behind on disk, in seconds.
_TALLY_PAUSE = 10.0
# A full spool that keeps the newest drops so large a part of its room at once.
_PART = 64


class Spool:
    """Events that wait to be delivered.

    path       the file; beside it lie `<name>.lock`, SQLite's `<name>-wal`, and `<name>.corrupt-<n>`,
               what could not be read
    max_bytes  of the events; where they are more, `keep` says which are dropped: with "oldest" what
               is new is refused, with "newest" the oldest go
    memory_bytes  of those in memory, on their way to the disk or while it refuses; a larger event is
               refused
    say        is told, in a line, when the disk refuses, when it takes again, when a file is set aside
    dropped    events refused or dropped; outlives the process (killed, the last seconds of it may not)
    trouble    why events are kept in memory only; None where they are on disk

    May be used by several threads. Raises ConfigurationError where another process has it open.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        keep: str = "oldest",
        memory_bytes: int = _MEMORY_BYTES,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        if keep not in KEEP:
            raise ValueError(f"unknown keep {keep!r}: one of {', '.join(KEEP)}")
        self.dropped = 0
        self.trouble: str | None = None
        self.path, self._max_bytes, self._keep, self._say = path, max_bytes, keep, say
        self._memory_bytes = memory_bytes
        self._mutex = RLock()
        self._lock: IO[str] | None = None
        self._file: SpoolFile | None = None
        self._closed = False
        self._retry = self._settled = 0.0
        self._disk_count = self._disk_bytes = 0
        self._pending: deque[Spooled] = deque()
        self._pending_bytes = 0
        self._gone: set[int] = set()
        self._told = 0
        # Above every key of an earlier run, also where its file cannot be read yet.
        self._next = time.time_ns()
        with suppress(OSError):
            self._lock = lock(path)
        self._settle()

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return max(0, self._disk_count - len(self._gone)) + len(self._pending)

    @property
    def waiting_bytes(self) -> int:
        """Their bytes, in the file and in memory."""
        return self._disk_bytes + self._pending_bytes

    def add(self, id: str, body: bytes) -> bool:  # noqa: A002
        """Put one in; False where it was refused, and counted."""
        return self.add_all([(id, body)]) == 1

    def add_all(self, events: Iterable[tuple[str, bytes]]) -> int:
        """Put events in, in one transaction; how many were taken, the rest being refused."""
        with self._mutex:
            taken = sum(self._accept(*event) for event in events)
            if taken or time.monotonic() - self._settled > _TALLY_PAUSE:
                self._settle()
            return taken

    def oldest(self, limit: int, *, after: int = 0) -> list[Spooled]:
        """At most `limit` that wait, in order, of those that came after the one with the key `after`."""
        with self._mutex:
            rows = self._on_disk(limit + len(self._gone), after)
            rows = [one for one in rows if one.key not in self._gone][:limit]
            rest = (one for one in self._pending if one.key > after)
            return rows + [one for one, _ in zip(rest, range(limit - len(rows)), strict=False)]

    def done(self, keys: Iterable[int]) -> None:
        """Take out what was delivered; a key that is not there does nothing."""
        with self._mutex:
            gone = set(keys)
            if not gone:
                return
            if self._pending:
                self._forget(gone)
            self._gone |= gone
            self._settle()

    def close(self) -> None:
        """Write what is left, and let another process have it.

        Raises ConfigurationError where what waits in memory cannot be written.
        """
        with self._mutex:
            self._retry = 0.0
            self._settle()
            self._closed = True
            if self._file is not None:
                self._file.close()
                self._file = None
            if self._lock is not None:
                self._lock.close()
            lost, self._pending = len(self._pending), deque()
            if lost:
                raise ConfigurationError(
                    f"spool {self.path}: {lost} events that waited in memory are lost: {self.trouble}"
                )

    def _accept(self, id: str, body: bytes) -> bool:  # noqa: A002
        one = Spooled(self._next, id, body)
        if not self._make_room(one.cost):
            self.dropped += 1
            return False
        self._next += 1
        self._pending.append(one)
        self._pending_bytes += one.cost
        return True

    def _make_room(self, cost: int) -> bool:
        if self._pending_bytes + cost > self._memory_bytes:
            self._settle()
        if self._keep == "newest" and cost <= min(self._max_bytes, self._memory_bytes):
            self._drop_oldest(cost)
        return self._excess(cost) <= 0

    def _excess(self, cost: int) -> int:
        """Bytes too many, were `cost` more to come."""
        return cost + max(
            self.waiting_bytes - self._max_bytes, self._pending_bytes - self._memory_bytes
        )

    def _drop_oldest(self, cost: int) -> None:
        if self._excess(cost) <= 0:
            return
        self._settle()
        in_memory = self._pending_bytes + cost > self._memory_bytes
        needed = self._excess(cost) + min(self._max_bytes, self._memory_bytes) // _PART
        while needed > 0 and (several := list(self._pending) if in_memory else self.oldest(64)):
            victims: set[int] = set()
            for one in several:
                if needed > 0:
                    victims.add(one.key)
                    needed -= one.cost
            self.dropped += len(victims)
            self.done(victims)
            if self._gone:  # the disk refuses: nothing gets smaller
                return

    def _forget(self, gone: set[int]) -> None:
        """Of the events in memory leave out the `gone`; what is left of `gone` is on disk."""
        kept = deque(one for one in self._pending if one.key not in gone)
        gone -= {one.key for one in self._pending}
        self._pending, self._pending_bytes = kept, sum(one.cost for one in kept)

    def _on_disk(self, limit: int, after: int) -> list[Spooled]:
        if self._file is None:
            return []
        try:
            return self._file.oldest(limit, after)
        except sqlite3.Error as error:
            self._fail(error)
            return []

    def _settle(self) -> None:
        """Bring to the disk what came and went since, unless it refused just now."""
        if self._closed or time.monotonic() < self._retry:
            return
        self._settled = time.monotonic()
        try:
            file = self._opened()
            if self.trouble is not None and self._gone:  # where there is no room for both
                self._exchange(file, deque())
            self._exchange(file, self._pending)
            self._pending, self._pending_bytes = deque(), 0
            if not self._disk_count:
                file.shrink()
        except (sqlite3.Error, OSError, ForeignFile, ConfigurationError) as error:
            self._fail(error)
            return
        if self.trouble is not None:
            self.trouble = None
            self._say(f"spool {self.path}: events are on disk again")

    def _exchange(self, file: SpoolFile, come: deque[Spooled]) -> None:
        count, size = file.exchange(come, self._gone, self.dropped)
        self._disk_count += len(come) - count
        self._disk_bytes += sum(one.cost for one in come) - size
        self._gone = set()
        self._told = self.dropped

    def _opened(self) -> SpoolFile:
        if self._lock is None:
            self._lock = lock(self.path)
        if self._file is None:
            self._file = SpoolFile(self.path)
            held = self._file.held
            self._disk_count, self._disk_bytes = held.count, held.cost
            self.dropped += held.dropped - self._told
            self._told = held.dropped
            self._number_after(held.last)
        return self._file

    def _number_after(self, last: int) -> None:
        """Keys go on above the file's, also where the clock went back."""
        behind = last + 1 - (self._pending[0].key if self._pending else self._next)
        if behind > 0:
            self._pending = deque(Spooled(o.key + behind, o.id, o.body) for o in self._pending)
            self._next += behind

    def _fail(self, error: Exception) -> None:
        """Keep in memory what cannot be written; set aside a file that nobody can read."""
        self._retry = time.monotonic() + _PAUSE
        if self._file is not None and not is_readable(error):
            self._file.close()
            self._file = None
        if is_broken(error):
            with suppress(OSError):
                return self._begin_anew(error)
        if self.trouble is None:
            self._say(f"spool {self.path}: {error}: events are kept in memory")
        self.trouble = str(error)
        return None

    def _begin_anew(self, error: Exception) -> None:
        aside = set_aside(self.path)
        self._retry = 0.0
        self._disk_count = self._disk_bytes = self._told = 0
        self._gone = set()
        self._say(f"spool {self.path}: {error}: set aside as {aside.name}, begun anew")
