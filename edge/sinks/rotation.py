"""A file of lines that is appended to, set aside when it is full, and opened anew when it was moved.

`records.jsonl` becomes `records.000001.jsonl`, then `records.000001.jsonl.gz`. The numbers only go
up, whatever the clock does, so that sorted by name the oldest is first and `litescore results`
reads the folder as it is.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import re
import shutil
import stat
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event, Thread
from typing import BinaryIO

_DIGITS = 6
_PACKED = ".gz"
_PART = ".part"
# Between two of these, packing looks whether it is to end.
_CHUNK = 1 << 20
# Seconds from a file that could not be set aside to the next try.
_PAUSE = 60.0


class RotatedFile:
    """Takes whole lines and holds nothing back.

    path       is made where it is not there; its folder is not
    max_bytes  from which on it is set aside; 0 for never
    keep       how many that were set aside are left, the oldest deleted; None for all of them

    Raises OSError where it cannot be opened.
    """

    def __init__(self, path: Path, *, max_bytes: int = 0, keep: int | None = None) -> None:
        self._path = path
        self._max_bytes = max_bytes
        # Where half a line begins that could not be taken back yet.
        self._half_from: int | None = None
        self._open()
        # A device or a pipe is no file that could be moved, measured or cut.
        self._is_file = stat.S_ISREG(os.fstat(self._file).st_mode)
        self._aside = Aside(path, keep) if self._is_file and max_bytes else None

    def append(self, line: bytes) -> None:
        """Write all of the line or, raising OSError, nothing of it."""
        size = self._ready_for(len(line)) if self._is_file else 0
        if self._half_from is not None:
            self._cut(self._half_from)
        done = 0
        try:
            while done < len(line):
                done += os.write(self._file, line[done:] if done else line)
        except OSError:
            if done and self._is_file:
                self._cut(size)
            raise

    def close(self) -> None:
        """What is being packed stays as it is until the next start."""
        os.close(self._file)
        if self._aside is not None:
            self._aside.close()

    def _cut(self, size: int) -> None:
        self._half_from = size
        os.ftruncate(self._file, size)
        self._half_from = None

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(self._path, flags, 0o666)
        status = os.fstat(self._file)
        self._identity = (status.st_ino, status.st_dev)
        self._half_from = None

    def _reopen(self) -> None:
        old = self._file
        self._open()
        os.close(old)

    def _ready_for(self, length: int) -> int:
        """Have the file of that name open, with room for so many bytes more; its size."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 Path.stat takes twice as long
        except FileNotFoundError:
            self._reopen()
            return 0
        if (status.st_ino, status.st_dev) != self._identity:
            self._reopen()
            return os.fstat(self._file).st_size
        full = status.st_size and status.st_size + length > self._max_bytes
        if self._aside and full and self._aside.take():
            self._reopen()
            return os.fstat(self._file).st_size
        return status.st_size


class Aside:
    """The files that were set aside: numbered, packed and in the end deleted, on a thread of its own."""

    def __init__(self, path: Path, keep: int | None) -> None:
        self._path = path
        self._keep = keep
        name = rf"{re.escape(path.stem)}\.(\d{{{_DIGITS},}}){re.escape(path.suffix)}"
        self._name = re.compile(rf"{name}(?:{re.escape(_PACKED)})?")
        self._closing = False
        self._wanted = Event()
        self._thread: Thread | None = None
        self._last = max(self._numbered(), default=0)
        self._failed_at: float | None = None
        self.tidy()

    def take(self) -> bool:
        """Move the file to the next number; whether it is away, by us or another process.

        What cannot be moved, a file that is a mount or whose folder is closed say, is left alone
        for a minute.
        """
        if self._failed_at is not None and time.monotonic() - self._failed_at < _PAUSE:
            return False
        try:
            self._last = self._move()
        except FileNotFoundError:
            return True
        except OSError:
            self._failed_at = time.monotonic()
            return False
        self._failed_at = None
        self.tidy()
        return True

    def tidy(self) -> None:
        """Have what is too many deleted and the rest packed; returns at once."""
        self._wanted.set()
        if self._thread is None:
            self._thread = Thread(target=self._run, name="pack records", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends what is being packed: a few milliseconds, as it looks up after each chunk."""
        self._closing = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _move(self) -> int:
        number = self._last + 1
        # Another process that appends to the same file may have been here.
        while self._at(number).exists() or _packed(self._at(number)).exists():
            number += 1
        self._path.rename(self._at(number))
        return number

    def _at(self, number: int) -> Path:
        path = self._path
        return path.with_name(f"{path.stem}.{number:0{_DIGITS}}{path.suffix}")

    def _numbered(self) -> dict[int, list[Path]]:
        """What lies there of each number: a file, packed or not; both where a power cut came between."""
        found: dict[int, list[Path]] = {}
        for path in self._path.parent.iterdir():
            if match := self._name.fullmatch(path.name):
                found.setdefault(int(match[1]), []).append(path)
        return found

    def _run(self) -> None:
        while not self._closing:
            self._wanted.wait()
            self._wanted.clear()
            # What fails, on a full disk say, is tried again when the next file is set aside.
            with suppress(OSError):
                while self._tidy() and not self._closing:
                    pass

    def _tidy(self) -> bool:
        """Delete what is too many and pack one; whether one was packed."""
        numbered = self._numbered()
        surplus = 0 if self._keep is None else max(0, len(numbered) - self._keep)
        for number in sorted(numbered)[:surplus]:
            for path in numbered.pop(number):
                path.unlink(missing_ok=True)
        plain = [self._at(number) for number in numbered if self._at(number) in numbered[number]]
        return any(self._pack(path) for path in sorted(plain))

    def _pack(self, path: Path) -> bool:
        """Whether it was packed: not where another process is at it, or all is to end."""
        part = path.with_name(f".{path.name}{_PART}")
        # Not cut when opened, as another process may be writing it.
        with part.open("ab") as file:
            if not _lock(file, part):
                return False
            with ExitStack() as undo:
                undo.callback(part.unlink, missing_ok=True)
                if not path.exists() or not self._compress(path, file):
                    return False
                # Raises where another process deleted the file by now.
                shutil.copystat(path, part)
                part.replace(_packed(path))
                # From here on a part of that name is another process's.
                undo.pop_all()
            path.unlink(missing_ok=True)
        return True

    def _compress(self, path: Path, part: BinaryIO) -> bool:
        """Write all of a file into an open part; false where that was ended."""
        part.truncate(0)  # what a crash left
        with path.open("rb") as plain, gzip.GzipFile(path.name, "wb", 6, part) as packed:
            while chunk := plain.read(_CHUNK):
                if self._closing:
                    return False
                packed.write(chunk)
        part.flush()
        # Before the plain file goes: a power cut may leave an empty one otherwise.
        os.fsync(part.fileno())
        return True


def _lock(file: BinaryIO, path: Path) -> bool:
    """Have an open file to ourselves until it is closed; false where another process has it, or had
    it and renamed or deleted it before we came: then it is no longer the file of that name.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _packed(path: Path) -> Path:
    return path.with_name(path.name + _PACKED)
