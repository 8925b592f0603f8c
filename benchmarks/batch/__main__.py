"""Batch scoring from S3: what the pipeline adds to its parts, and what newcomers' handlers cost.

    python -m benchmarks.batch [ROUNDS]

Everything runs in this one process against a SeaweedFS server on this machine, several rounds of
each in turn: the ratio of each round, the median of those and their range. CPU is that of this
process with all its threads, the server's is not counted.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.batch import cases, ways
from benchmarks.batch.compared import report
from benchmarks.batch.rounds import ROUNDS
from tests.rig import seaweed


def main() -> None:
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    with tempfile.TemporaryDirectory() as folder, seaweed.serve(Path(folder)) as server:
        for case in cases.each(server):
            with ways.handler_ready(case):
                report(case, rounds)


if __name__ == "__main__":
    main()
