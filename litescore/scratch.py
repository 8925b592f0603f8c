"""A private database for what is too much to hold in memory. It does not know what is kept in it.

SQLite keeps it in a temporary file that has no name and ends with the connection; what fits into
its cache never reaches the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from litescore.errors import ConfigurationError

_CACHE_KIB = 8 * 1024


@contextmanager
def database(schema: str) -> Iterator[sqlite3.Connection]:
    """An empty database with this schema (SQL statements), gone when the block ends.

    Raises ConfigurationError when the temporary folder is full or cannot be written.
    """
    # A generator that holds one may be finished by another thread than the one that began it.
    db = sqlite3.connect("", check_same_thread=False)
    try:
        db.executescript(f"pragma cache_size = -{_CACHE_KIB}; pragma journal_mode = off; {schema}")
        yield db
    except sqlite3.OperationalError as error:
        raise ConfigurationError(
            f"cannot keep what was read in the temporary folder: {error}; "
            "name one with more space by TMPDIR"
        ) from error
    finally:
        db.close()


def key(value: object) -> bytes:
    """Text as the database compares it: also file names that are not UTF-8."""
    return str(value).encode(errors="surrogatepass")


def text(value: bytes) -> str:
    """What `key` was made of."""
    return value.decode(errors="surrogatepass")
