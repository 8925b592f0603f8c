"""The file of a spool: SQLite, in one transaction what comes and what goes. It has no policy.

WAL with `synchronous = normal`: a commit is one write without a sync, so it wears an SD card little
and outlives a killed process; a power cut may lose the last seconds, and never breaks the file.
The locking is exclusive, so no shared memory is mapped that a full disk could not back.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from litescore.errors import ConfigurationError

# "LSsp": no other program's database is taken for a spool.
_APPLICATION = 0x4C537370
_SCHEMA = 1
_WAL_BYTES = 1 << 20
_MANY_FREE_PAGES = 256
_SET_ASIDE = 3
# What a row costs besides its id and body.
_ROW_BYTES = 32
_COST = f"length(id) + length(body) + {_ROW_BYTES}"
_CREATE = f"""
begin immediate;
create table event (key integer primary key, id text not null, body blob not null);
create table tally (dropped integer not null);
insert into tally values (0);
pragma application_id = {_APPLICATION};
pragma user_version = {_SCHEMA};
commit;
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Spooled:
    """An event that waits: `key` orders it and names it to its spool, `id` to the world."""

    key: int
    id: str
    body: bytes

    @property
    def cost(self) -> int:
        """Bytes that it takes in the file, about."""
        return len(self.id) + len(self.body) + _ROW_BYTES


@dataclass(frozen=True)
class Held:
    """What a file holds: how many events, of what cost, the last one's key, and the tally."""

    count: int
    cost: int
    last: int
    dropped: int


class ForeignFile(Exception):
    """A database, but of another program or another schema."""


class SpoolFile:
    """An open file. Raises sqlite3.Error from every method, ForeignFile and OSError from the start."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # No transactions but our own.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1)
        try:
            self._prepare()
            self.held = self._look()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        for setting in (
            "locking_mode = exclusive",
            "auto_vacuum = incremental",
            "journal_mode = wal",
            "synchronous = normal",
            f"journal_size_limit = {_WAL_BYTES}",
            "cache_size = -512",
        ):
            self._db.execute(f"pragma {setting}").fetchall()
        if not self._one("select count(*) from sqlite_master"):
            self._db.executescript(_CREATE)
        found = self._one("pragma application_id"), self._one("pragma user_version")
        if found[0] != _APPLICATION:
            raise ForeignFile("a database of another program")
        if found[1] != _SCHEMA:
            raise ForeignFile(f"a spool of schema {found[1]}, this litescore's is {_SCHEMA}")

    def _look(self) -> Held:
        query = f"select count(*), coalesce(sum({_COST}), 0), coalesce(max(key), 0) from event"  # noqa: S608
        count, cost, last = self._db.execute(query).fetchone()
        return Held(count, cost, last, self._one("select dropped from tally"))

    def exchange(
        self, come: Iterable[Spooled], gone: Iterable[int], dropped: int
    ) -> tuple[int, int]:
        """Put in and take out, in one transaction; how many events were taken out, of what cost.

        What was there can still be read when it fails.
        """
        try:
            self._db.execute("begin immediate")
            rows = ((one.key, one.id, one.body) for one in come)
            self._db.executemany("insert into event values (?, ?, ?)", rows)
            taken = [cost for key in gone for cost in self._take(key)]
            self._db.execute("update tally set dropped = ? where dropped != ?", (dropped, dropped))
            self._db.execute("commit")
        except sqlite3.Error:
            self._undo()
            raise
        return len(taken), sum(taken)

    def _undo(self) -> None:
        with suppress(sqlite3.Error):
            self._db.execute("rollback")
        # On a full disk the log cannot grow; begun again, it has room to take events out.
        with suppress(sqlite3.Error):
            self._db.execute("pragma wal_checkpoint(restart)").fetchall()

    def _take(self, key: int) -> list[int]:
        query = f"delete from event where key = ? returning {_COST}"  # noqa: S608
        return [cost for (cost,) in self._db.execute(query, (key,)).fetchall()]

    def oldest(self, limit: int, after: int) -> list[Spooled]:
        """At most `limit` events with keys above `after`, in order."""
        query = "select * from event where key > ? order by key limit ?"
        return [Spooled(*row) for row in self._db.execute(query, (after, limit))]

    def shrink(self) -> None:
        """Give the disk back what an earlier crowd took, where that is worth it."""
        if self._one("pragma freelist_count") > _MANY_FREE_PAGES:
            # Not `execute`: it steps once, which frees one page.
            self._db.executescript("pragma incremental_vacuum")
            self._db.execute("pragma wal_checkpoint(truncate)").fetchall()

    def close(self) -> None:
        """The one method that raises nothing: what is committed is on disk already."""
        with suppress(sqlite3.Error):
            self._db.close()

    def _one(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


def lock(path: Path) -> IO[str]:
    """The lock of the spool at `path`; held until it is closed, or the process ends however.

    Raises ConfigurationError where another process has it, OSError where there cannot be one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.with_name(f"{path.name}.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with file:
            file.seek(0)
            raise ConfigurationError(
                f"{path} is in use by process {file.read().strip() or 'unknown'}: "
                "stop that one, or give this one a state folder of its own"
            ) from None
    # On a full disk the lock holds, without a name.
    with suppress(OSError):
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
    return file


def is_readable(error: Exception) -> bool:
    """Whether the file that raised this refuses to be written, no more."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY)


def is_broken(error: Exception) -> bool:
    """Whether no later try will read the file that raised this."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, ForeignFile) or code in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def set_aside(path: Path) -> Path:
    """Rename a broken file to `<name>.corrupt-<n>`; the last of three is written over."""
    names = [path.with_name(f"{path.name}.corrupt-{n}") for n in range(1, _SET_ASIDE + 1)]
    free = next((name for name in names if not name.exists()), names[-1])
    path.replace(free)
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists():
        wal.replace(free.with_name(f"{free.name}-wal"))
    return free
