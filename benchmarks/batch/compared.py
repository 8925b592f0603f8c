"""What is compared: the pipeline and the handler with their parts and with newcomers' handlers."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks import holds
from benchmarks.batch import cases, ways
from benchmarks.batch.cases import Case
from benchmarks.batch.rounds import Rounds, Way, cpu, measure, print_costs, print_ratio, rate

# A newcomer's way takes tens of milliseconds an image: fewer will do.
FEW, SOME = 30, 200
FETCH, SCORE = "fetch alone", "decode and score alone"
RECORDS = "records made and packed alone"
PIPELINE, HANDLER = "pipeline, records written", "handler, records written"
KERAS, TFLITE = "boto3 + Pillow + keras.predict", "boto3 + Pillow + one-image TFLite"
# Images a second over Keras', by the case's name.
GAIN = {cases.SMALL_NAME: holds.KERAS_SMALL, cases.PHOTOS_NAME: holds.KERAS_PHOTOS}


def report(case: Case, count: int) -> None:
    """Print the rows of one kind of images."""
    rounds = found(case, count)
    print_costs(f"{case.name} (batch {case.scorer.batch})", rounds)
    parts = cpu(rounds, FETCH, SCORE)
    print_ratio(
        "pipeline's CPU over its parts'", cpu(rounds, PIPELINE), parts, most=holds.PARTS.most
    )
    print_ratio("handler's CPU over the parts'", cpu(rounds, HANDLER), parts, most=holds.PARTS.most)
    tflite = cpu(rounds, TFLITE)
    print_ratio(
        "CPU over boto3 + one-image TFLite",
        cpu(rounds, PIPELINE),
        tflite,
        most=holds.ONE_IMAGE.most,
    )
    gain = GAIN[case.name].least
    keras = rate(rounds, KERAS)
    print_ratio("images/s over boto3 + keras.predict", rate(rounds, PIPELINE), keras, least=gain)


def found(case: Case, count: int) -> Rounds:
    """The cost of every way in so many rounds."""
    return measure(_ways(case), count)


def _ways(case: Case) -> dict[str, Way]:
    count, one_by_one, event = len(case.blobs), ways.OneByOne(case), ways.one_event(case)
    shares = np.random.default_rng(0).dirichlet(np.ones(len(case.scorer.contract.labels)), count)
    few, some = case.subjects[:FEW], case.subjects[:SOME]
    return {
        FETCH: (count, partial(ways.fetch_all, case.subjects)),
        SCORE: (count, partial(ways.decode_and_score, case.blobs, case.scorer)),
        RECORDS: (count, partial(ways.records, case, shares.astype(np.float32))),
        PIPELINE: (count, partial(ways.pipeline, case)),
        HANDLER: (count, partial(ways.handler, case, event)),
        TFLITE: (len(some), partial(one_by_one.score, some)),
        KERAS: (len(few), partial(ways.newcomer_keras, case, few)),
    }
