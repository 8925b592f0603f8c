"""Batch scoring from S3: what the pipeline adds to its parts, and what newcomers' handlers cost.

    python -m benchmarks.batch [ROUNDS]

Everything runs in this one process against a SeaweedFS server on this machine, several rounds of
each in turn: the ratio of each round, the median of those and their range. CPU is that of this
process with all its threads, the server's is not counted.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.batch import cases, ways
from benchmarks.batch.cases import Case
from benchmarks.batch.rounds import ROUNDS, Way, cpu, measure, print_costs, print_ratio, rate
from tests.rig import seaweed

# A newcomer's way takes tens of milliseconds an image: fewer will do.
FEW, SOME = 30, 200
FETCH, SCORE = "fetch alone", "decode and score alone"
PIPELINE, HANDLER = "pipeline, records written", "handler, records written"
KERAS, TFLITE = "boto3 + Pillow + keras.predict", "boto3 + Pillow + one-image TFLite"
# Images a second over Keras', by the case's name.
_GAIN = {cases.SMALL_NAME: 100, cases.PHOTOS_NAME: 20}


def main() -> None:
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    with tempfile.TemporaryDirectory() as folder, seaweed.serve(Path(folder)) as server:
        for case in cases.each(server):
            with ways.handler_ready(case):
                report(case, rounds)


def report(case: Case, count: int) -> None:
    """Print the rows of one kind of images."""
    rounds = measure(_ways(case), count)
    print_costs(f"{case.name} (batch {case.scorer.batch})", rounds)
    parts = cpu(rounds, FETCH, SCORE)
    print_ratio("pipeline's CPU over its parts'", cpu(rounds, PIPELINE), parts, most=1.15)
    print_ratio("handler's CPU over the parts'", cpu(rounds, HANDLER), parts, most=1.15)
    tflite = cpu(rounds, TFLITE)
    print_ratio("CPU over boto3 + one-image TFLite", cpu(rounds, PIPELINE), tflite, most=0.2)
    gain = _GAIN[case.name]
    keras = rate(rounds, KERAS)
    print_ratio("images/s over boto3 + keras.predict", rate(rounds, PIPELINE), keras, least=gain)


def _ways(case: Case) -> dict[str, Way]:
    count, one_by_one, event = len(case.blobs), ways.OneByOne(case), ways.one_event(case)
    few, some = case.subjects[:FEW], case.subjects[:SOME]
    return {
        FETCH: (count, partial(ways.fetch_all, case.subjects)),
        SCORE: (count, partial(ways.decode_and_score, case.blobs, case.scorer)),
        PIPELINE: (count, partial(ways.pipeline, case)),
        HANDLER: (count, partial(ways.handler, case, event)),
        TFLITE: (len(some), partial(one_by_one.score, some)),
        KERAS: (len(few), partial(ways.newcomer_keras, case, few)),
    }


if __name__ == "__main__":
    main()
