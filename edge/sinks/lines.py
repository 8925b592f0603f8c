"""JSON lines, to standard output or a file."""

from __future__ import annotations

import errno
import os
import select
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Protocol

from edge.scored import Scored
from edge.sinks.rotation import RotatedFile
from edge.status import FULL_DISK, Status
from litescore.errors import ConfigurationError

_STDOUT = 1
# How every record's line begins, and more than any record has bytes.
_RECORD = b'{"v":'
_LONGEST = 1 << 20
# Lines in memory while nothing can be written: some megabytes.
_MOST_HELD = 10_000
# Seconds between tries to write again, and what closing may take for the last of them.
_PAUSE = 1.0
_FAREWELL = 0.6
# How long a reader that takes nothing is waited for at a time, in milliseconds.
_LOOK_UP_MS = 100


class Appended(Protocol):
    """Where lines go."""

    def append(self, line: bytes) -> None:
        """Write all of a line. Raises OSError where it cannot be: it is given again then."""

    def close(self) -> None:
        """Raises OSError where what is left cannot be written."""


class JsonLines:
    """One JSON line a record, handed to the operating system before the next frame.

    A file is appended to, so that a loop that is started again keeps what is there; None is
    standard output. `max_bytes` and `keep` are those of RotatedFile. A reader of standard output that
    takes nothing is waited for, until `stopping` says that the loop is to end.

    Where nothing can be written any more, since the disk is full say, the lines are held in memory,
    the oldest dropped beyond 10,000, and written as soon as that works again. But a place that takes
    not even the first line raises ConfigurationError, as does one that cannot be opened.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        max_bytes: int = 0,
        keep: int | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name = "stdout" if path is None else "file"
        self._name = "standard output" if path is None else str(path)
        self._written = 0
        self._dropped = 0
        # What could not be written, and since when and why: while it is set, the file is the
        # recovering thread's alone.
        self._held: deque[bytes] = deque()
        self._trouble: Status | None = None
        self._lock = Lock()
        self._closing = Event()
        self._thread: Thread | None = None
        try:
            self._out = _open(path, max_bytes, keep, stopping)
        except OSError as error:
            raise self._refusal(error) from error

    def write(self, scored: Scored) -> None:
        """Write one line. A reader of standard output that left raises BrokenPipeError."""
        line = scored.record.to_json().encode() + b"\n"
        if self._trouble is not None and self._hold(line):
            return
        try:
            self._out.append(line)
            self._written += 1
        except BrokenPipeError:
            raise
        except OSError as error:
            if not self._written:
                raise self._refusal(error) from error
            self._begin_trouble(error, line)

    def status(self) -> Status:
        """`full` or `lost` while lines are held in memory."""
        counts = {
            "delivered": self._written,
            "waiting": len(self._held),
            "dropped": self._dropped,
        }
        trouble = self._trouble
        if trouble is None:
            return Status("running", counts=counts)
        return Status(trouble.state, trouble.reason, trouble.since, counts)

    def close(self) -> None:
        """Write what is held, for at most 0.6 s. Raises ConfigurationError that says how many lines
        are lost, BrokenPipeError where the reader left.
        """
        self._closing.set()
        if self._thread is not None:
            self._thread.join(_FAREWELL)
        reason = self._trouble.reason if self._trouble else "it was not writable for a while"
        try:
            if self._trouble is None:
                self._out.close()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._refusal(error) from error
        if lost := self._dropped + len(self._held):
            plural = "" if lost == 1 else "s"
            raise ConfigurationError(f"{lost:,} record{plural} lost: {reason}")

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _hold(self, line: bytes) -> bool:
        """Keep a line until the trouble is over; false where it is by now."""
        with self._lock:
            if self._trouble is None:
                return False
            self._held.append(line)
            if len(self._held) > _MOST_HELD:
                self._held.popleft()
                self._dropped += 1
            return True

    def _begin_trouble(self, error: OSError, line: bytes) -> None:
        self._held.append(line)
        self._note(error)
        self._thread = Thread(target=self._recover, name=f"write {self._name}", daemon=True)
        self._thread.start()

    def _note(self, error: OSError) -> None:
        state = "full" if error.errno in FULL_DISK else "lost"
        since = self._trouble.since if self._trouble else time.monotonic()
        self._trouble = Status(state, str(self._refusal(error)), since)

    def _recover(self) -> None:
        """Try again until every held line is written; once more when closing."""
        over = False
        while not over:
            closing = self._closing.wait(_PAUSE)
            over = self._write_held() or closing

    def _write_held(self) -> bool:
        while True:
            with self._lock:
                if not self._held:
                    self._trouble = None
                    return True
                line = self._held.popleft()
            try:
                self._out.append(line)
                self._written += 1
            except OSError as error:
                with self._lock:
                    self._held.appendleft(line)
                    self._note(error)
                return False

    def _refusal(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"cannot write records to {self._name}: {error.strerror}")


class StandardOutput:
    """Standard output, unbuffered: nothing is left to be written when writing has failed."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        os.fstat(_STDOUT)  # raises where it is closed
        self._stopping = stopping
        self._ready = select.poll()
        self._ready.register(_STDOUT, select.POLLOUT)
        self._rest = b""

    def append(self, line: bytes) -> None:
        """Raises OSError, but not once some of the line is written: the rest goes with the next."""
        self._write_rest()
        self._rest = line
        try:
            self._write_rest()
        except OSError:
            if len(self._rest) == len(line):
                self._rest = b""
                raise
            # Half a line cannot be taken back here: the rest of it goes in front of the next.

    def close(self) -> None:
        """Finish the last line. Raises OSError where it cannot be."""
        self._write_rest()

    def _write_rest(self) -> None:
        while self._rest:
            self._wait_for_reader()
            self._rest = self._rest[os.write(_STDOUT, self._rest) :]

    def _wait_for_reader(self) -> None:
        # A write that waits is begun anew after a signal: it would not see that an end is wished.
        while not self._ready.poll(_LOOK_UP_MS):
            if self._stopping():
                raise TimeoutError(errno.ETIMEDOUT, "its reader takes nothing")


def _open(
    path: Path | None, max_bytes: int, keep: int | None, stopping: Callable[[], bool]
) -> Appended:
    if path is None:
        return StandardOutput(stopping)
    _drop_half_line(path)
    return RotatedFile(path, max_bytes=max_bytes, keep=keep)


def _drop_half_line(path: Path) -> None:
    """Take off a last line without its end: a power cut left it, and it would spoil the file. Some
    file systems leave zero bytes where the rest would have been.

    Raises ConfigurationError where it is no piece of a record: then the file is not ours to cut.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LONGEST))
        half = file.read().rpartition(b"\n")[2]
    begun = half.rstrip(b"\0")[: len(_RECORD)]
    if begun != _RECORD[: len(begun)]:
        raise ConfigurationError(f"{path} is no file of records: name another with --out")
    if half:
        os.truncate(path, size - len(half))
