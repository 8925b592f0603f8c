"""Batches from S3: the pipeline and its peers, shards and their price, threads and processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from statistics import median
from time import monotonic_ns
from typing import Any

from benchmarks.batch import cases, compared, parallel, paths, ways
from benchmarks.batch.cases import Case
from benchmarks.batch.rounds import Rounds, Way, cpu, measure, rate, ratios
from benchmarks.cost import work_of
from benchmarks.house.piece import Found, Place
from infra.cost import prices
from infra.cost.ways import all_ways
from litescore import batch, output
from litescore.scorer import Scorer
from litescore.settings import Settings, processors
from tests.rig import seaweed

ROUNDS, FEW_ROUNDS = 5, 3
KINDS = {cases.SMALL_NAME: "28", cases.PHOTOS_NAME: "photos"}
THREADS = (1, 2, 3, 4, 6, 8, 12)
BATCHES = (1, 2, 4, 8, 16, 32, 64)
# Megabytes that a function can have; below the first ours does not fit.
MEMORIES = (256, 512, 1024, 1769, 2560, 3538, 5120, 7680, 10240)
MILLION = 1_000_000


def peers(place: Place) -> Found:
    """Pipeline and handler over their parts, and against newcomers' handlers."""
    rows: dict[str, list[float]] = {}
    for case, kind in _cases(place):
        with ways.handler_ready(case):
            found = compared.found(case, place.size(ROUNDS, 1))
        parts = cpu(found, compared.FETCH, compared.SCORE)
        pipeline, one_image = cpu(found, compared.PIPELINE), cpu(found, compared.TFLITE)
        rows |= {
            f"pipeline-{kind}": ratios(pipeline, parts),
            f"handler-{kind}": ratios(cpu(found, compared.HANDLER), parts),
            f"keras-{kind}": ratios(rate(found, compared.PIPELINE), rate(found, compared.KERAS)),
            f"tflite-{kind}": ratios(pipeline, one_image),
            f"fetch-{kind}": ratios(cpu(found, compared.FETCH), one_image),
            f"records-{kind}": ratios(cpu(found, compared.RECORDS), parts),
            f"score-{kind}": ratios(cpu(found, compared.SCORE), one_image),
            f"share-{kind}": ratios(cpu(found, compared.SCORE), pipeline),
        }
    return Found(rows)


def shards(place: Place) -> Found:
    """CPU of an image in shards over that of single objects; what a million cost at these speeds."""
    rows, speeds = {}, {}
    for case, kind in _cases(place):
        with ways.handler_ready(case):
            found = paths.found(case, place.size(ROUNDS, 1))
        objects = cpu(found, paths.OBJECTS)
        rows[f"zip-{kind}"] = ratios(cpu(found, paths.ZIP), objects)
        rows[f"npz-{kind}"] = ratios(cpu(found, paths.NPZ), objects)
        speeds[case.name] = paths.medians(found)
    return Found(rows, {"cost": costs(speeds)})


def costs(speeds: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, Any]:
    """Dollars of a million images by the function's memory: {kind: {"x": MB, way: dollars}}."""
    shipped = prices.shipped()
    found: dict[str, Any] = {}
    for case, by_way in speeds.items():
        held: dict[str, list[float]] = {}
        for memory in MEMORIES:
            for way in all_ways(work_of(case, by_way, memory=memory), shipped):
                if way.machine == "lambda" and way.arch == "x86_64":
                    held.setdefault(way.path, []).append(float(way.dollars(MILLION)))
        found[KINDS[case]] = {"x": list(MEMORIES), **held}
    return found


def curves(place: Place) -> Found:
    """Images/s and CPU of an image by threads that fetch and decode, and by batch."""
    found: dict[str, Any] = {"threads": {}, "batch": {}}
    for case, kind in _cases(place, small=1000, photos=100):
        count = len(case.blobs)
        scorers = {size: _scorer(case, size) for size in BATCHES}
        doing: dict[str, Way] = {}
        for number in THREADS:
            doing[f"threads {number}"] = (count, partial(_score, case, case.scorer, number))
        for size, scorer in scorers.items():
            doing[f"batch {size}"] = (count, partial(_score, case, scorer, Settings().threads))
        rounds = measure(doing, place.size(FEW_ROUNDS, 1))
        found["threads"][kind] = _curve(rounds, "threads", THREADS)
        found["batch"][kind] = _curve(rounds, "batch", BATCHES)
    return Found({}, found)


def _scorer(case: Case, size: int) -> Scorer:
    return Scorer(case.model.file, most_threads=processors(), batch=size)


def _score(case: Case, scorer: Scorer, threads: int) -> None:
    outcomes = batch.run(case.subjects, scorer, settings=Settings(threads=threads))
    summary = output.write_all(outcomes, f"s3://{case.output}/{monotonic_ns()}")
    assert summary.scored == len(case.subjects), summary


def _curve(rounds: Rounds, name: str, places: tuple[int, ...]) -> dict[str, list[float]]:
    return {
        "x": list(places),
        "rate": [median(rate(rounds, f"{name} {x}")) for x in places],
        "cpu": [median(cpu(rounds, f"{name} {x}")) for x in places],
    }


def threads_and_processes(place: Place) -> Found:
    """Images/s of two over one."""
    count = place.size(ROUNDS, 1)
    by_threads = parallel.by_threads(place.folder, count, place.size(parallel.JPEGS, 4))
    one, two = (rate(by_threads, name) for name in by_threads)
    few, many = place.size(parallel.FEW, 10), place.size(parallel.PNGS, 400)
    took, _ = parallel.by_processes(place.folder, count, few, many)
    return Found({"threads": ratios(two, one), "processes": ratios(took[1], took[2])})


def _cases(
    place: Place, small: int = cases.SMALL, photos: int = cases.PHOTOS
) -> Iterator[tuple[Case, str]]:
    """Each kind of images in a bucket, with its short name."""
    with seaweed.serve(place.folder) as server:
        for case in cases.each(server, place.size(small, 40), place.size(photos, 8)):
            yield case, KINDS[case.name]
