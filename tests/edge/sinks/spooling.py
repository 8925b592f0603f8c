"""What is in a spool, and programs that use one."""

from __future__ import annotations

import signal
import subprocess
import sys

from edge.sinks.spool import Spool


def ids(spool: Spool, limit: int = 10_000) -> list[str]:
    return [one.id for one in spool.oldest(limit)]


def child(code: str, *words: object, before: tuple[object, ...] = ()) -> str:
    """What a Python program prints to whom `words` are arguments; `before` stands before it."""
    start = "import os, signal, sys\nfrom pathlib import Path\nfrom edge.sinks.spool import Spool\n"
    command = [*map(str, before), sys.executable, "-c", start + code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    return done.stdout
