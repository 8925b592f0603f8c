"""SIGKILL at every step of an update, and at any time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_there_is_always_a_working_slot_and_a_true_status() -> None:
    """Of the first release, of an update, and of one that is taken back; then forty kills at any time. With real
    processes and two hundred see `python -m benchmarks.kills`.
    """
    command = [sys.executable, "-m", "benchmarks.kills", "--forks", "40", "--processes", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    kills = [int(line.split("|")[2]) for line in done.stdout.splitlines()[2:]]
    # Were there fewer, the steps would not be seen any more.
    assert [count >= least for count, least in zip(kills, (30, 50, 15, 40), strict=True)] == [
        True
    ] * 4
