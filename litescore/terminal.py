"""What comes to the terminal: no chatter of C++ libraries, and no text that steers it.

Libraries write to file descriptor 2 themselves, so that is what must be turned aside.
"""

from __future__ import annotations

import os
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

# The descriptor is the whole process's: two threads in turn, or the second restores the first's.
_TURN = threading.RLock()


def printable(text: str, keep: str = "") -> str:
    """The text with a sign in the place of each letter that is not seen: a key may hold any, and
    none of them may move the cursor, colour what follows or write into the clipboard.
    """
    return "".join(
        letter if _is_seen(letter) or letter in keep else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )


def _is_seen(letter: str) -> bool:
    # Spaces of other widths, which Python counts out: systems put them into names of files.
    return letter.isprintable() or unicodedata.category(letter) == "Zs"


@contextmanager
def hushed(
    drop: Callable[[bytes], bool] = lambda _line: True, *, tell_on_error: bool = False
) -> Iterator[None]:
    """Drop the lines of standard error for which `drop` holds; with `tell_on_error` only if no
    error comes out (a Ctrl-C is none). One thread at a time.
    """
    if not _has_standard_error():
        yield
        return
    with _TURN, _memory() as aside:
        failed = True
        try:
            with _turned_to(aside):
                yield
            failed = False
        except KeyboardInterrupt:
            failed = False  # Nothing failed: whoever stopped it knows why.
            raise
        finally:
            aside.seek(0)
            kept = (line for line in aside if (failed and tell_on_error) or not drop(line))
            # Where it cannot be written, nobody could have read it either.
            with suppress(OSError):
                os.write(2, b"".join(kept))


def _memory() -> IO[bytes]:
    """A file that is in memory where the system has such: the temporary folder may be full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("aside"), "w+b")
    # Only where there is no other way: its import takes as long as a model's start.
    import tempfile

    return tempfile.TemporaryFile()


@contextmanager
def _turned_to(file: IO[bytes]) -> Iterator[None]:
    _flush()
    saved = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        _flush()
        os.dup2(saved, 2)
        os.close(saved)


def _flush() -> None:
    with suppress(OSError):
        sys.stderr.flush()


def _has_standard_error() -> bool:
    try:
        os.fstat(2)
    except OSError:
        return False
    return sys.stderr is not None
