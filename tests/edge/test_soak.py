"""The soak, small: one round of its faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.needs import lack, needs

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
WORDS = ("--frames", "300", "--every", "15", "--rate", "60", "--seed", "3")


def test_every_frame_is_accounted_for(int8_model: Path) -> None:
    """After a camera that died, hung, refused and gave garbage, a broker and an S3 server that were
    killed and stopped, a full disk, files moved away, models good and bad, a clock that jumped and
    processes that were killed: each record is in a file once, each event and each kept frame arrived,
    but for what a SIGKILL may cost.
    """
    needs("mosquitto", "unshare", "mount")
    tried = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "true"], capture_output=True, check=False
    )
    if tried.returncode != 0:
        lack(f"no mount namespace here: {tried.stderr.decode().strip()}")
    command = [sys.executable, "-m", "benchmarks.edge_soak", *WORDS, "--model", int8_model]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "balance                     holds" in done.stdout
    # It was a soak: everything struck that can.
    for fault in ("camera hangs", "broker killed", "S3 killed", "disk full", "SIGKILL", "SIGTERM"):
        assert f"  {fault} " in done.stdout, done.stdout
