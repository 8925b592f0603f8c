"""Run a command that ends, with all its descendants, when this process's standard input closes.

`python guard.py COMMAND...`. The pipe's other end is held by the tests: however they end, SIGKILL
included, the pipe closes. Lambda's emulator puts its runtime in a process group of its own, so it
is the session that is swept. Standard library only: it starts without the site packages.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path


def main(command: list[str]) -> int:
    """Run `command`, give its exit status, and leave nothing of the session alive."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_sweep_at_end_of_input, daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: _sweep())
    status = child.wait()
    _sweep()
    return status


def _sweep_at_end_of_input() -> None:
    while os.read(0, 1024):
        pass
    _sweep()


def _sweep() -> None:
    """Kill what the session holds, until a look finds nothing: a fork may outrun one look."""
    while others := _others_of_session():
        for pid in others:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _others_of_session() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                # "pid (name) state ppid pgrp session ...": the name may hold spaces and brackets.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == os.getsid(0) and fields[0] != "Z":
                found.append(int(entry.name))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
