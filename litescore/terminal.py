"""Keeping chatter of C++ libraries off the terminal.

They write to file descriptor 2 themselves, so that is what must be turned aside.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def hushed(
    drop: Callable[[bytes], bool] = lambda _line: True, *, tell_on_error: bool = False
) -> Iterator[None]:
    """Drop the lines of standard error for which `drop` holds; with `tell_on_error` only if no
    exception comes out.
    """
    if sys.stderr is None:  # no standard error at all
        yield
        return
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # Python's own is not the process's, which is closed
        yield
        return
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            aside.seek(0)
            os.write(
                2, b"".join(line for line in aside if (failed and tell_on_error) or not drop(line))
            )
