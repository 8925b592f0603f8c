"""A small fleet: real processes, a real S3, a canary, one cut off and one that crashes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_canary_then_all() -> None:
    """Four devices of `python -m benchmarks.fleet`, which does it with twenty."""
    words = ["--devices", "4", "--share", "50", "--interval", "0.03"]
    command = [sys.executable, "-m", "benchmarks.fleet", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    rows = [line for line in done.stdout.splitlines() if line.startswith("| line-")]
    images = {row.split("|")[1].strip(): row.split("|")[4].strip() for row in rows}
    assert sorted(images) == [f"line-0{number}" for number in range(1, 5)]
    # The one that crashes has scored with the new release until then, the one cut off never.
    assert sorted(map(int, images.values()))[:2] == [0, 30], done.stdout
