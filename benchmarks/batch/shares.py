"""What fetching, decoding, resizing and invoking take of an image's CPU, and what limits small ones.

    python -m benchmarks.batch.shares [ROUNDS]

Each part is measured by itself, in turns with the whole; what is left of the whole is records,
their writing and the threads between the parts. Then the calling thread of the 28 x 28 pipeline
under cProfile, which makes functions that are called often look dearer than they are. Beside them
what no way of fetching could fall below: the parts that are no fetching, over what is compared.
"""

from __future__ import annotations

import cProfile
import pstats
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.batch import cases, ways
from benchmarks.batch.cases import Case
from benchmarks.batch.paths import NPZ, ZIP, shards_of
from benchmarks.batch.rounds import ROUNDS, Way, cpu, measure, print_costs, print_ratio
from litescore import image, store
from litescore.contract import Contract
from litescore.record import Subject
from litescore.settings import Settings
from litescore.shards import members
from tests.rig import seaweed

FETCH, UNPACK, DECODE, RESIZE = "fetch", "unpack", "decode", "resize"
INVOKE, WHOLE, REST = "invoke", "whole", "records and the rest"
SCORE, ONE = "decode and score", "boto3 + one image"
# Images that boto3 fetches.
SOME = 200
SHOWN = 24
# Of the profile: functions of ours, and of others what these are made of.
_OURS = str(Path(image.__file__).parent)
_OTHERS = ("_open", "open", "load", "tobytes", "encode", "compress", "submit", "wait", "result")


def main() -> None:
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    with tempfile.TemporaryDirectory() as folder, seaweed.serve(Path(folder)) as server:
        for case in cases.each(server):
            print(f"\n{case.name}, CPU of an image (batch {case.scorer.batch})")
            objects = report(case, "single objects", case.subjects, len(case.blobs), rounds)
            for shard in shards_of(case, (ZIP, NPZ)):
                parts = report(case, shard.name, shard.put(case), shard.images, rounds)
                print(f"    over single objects, {_least(parts, objects[WHOLE])}", flush=True)
            one_by_one(case, rounds)
            if case.name == cases.SMALL_NAME:
                profile(case)
            else:
                large(case, rounds)


def report(
    case: Case, path: str, subjects: Sequence[Subject], images: int, rounds: int
) -> dict[str, float]:
    """Print one path's parts, in microseconds and percent; they and the whole, in microseconds."""
    resizing: list[float] = []
    found = measure(_ways(case, subjects, images, resizing), rounds)
    whole = statistics.median(cpu(found, WHOLE))
    parts = {name: statistics.median(cpu(found, name)) for name in found if name != WHOLE}
    parts[RESIZE] = statistics.median(resizing[1:]) * 1e6 / images
    parts[DECODE] -= parts[RESIZE]
    parts[REST] = whole - sum(parts.values())
    told = (f"{name} {took:,.0f} us ({took / whole:.0%})" for name, took in parts.items())
    print(f"  {path:<16}{whole:>8,.0f} us: {', '.join(told)}", flush=True)
    return parts | {WHOLE: whole}


def _least(parts: Mapping[str, float], over: float) -> str:
    """The ratio that is left when all is free but what each image costs wherever it comes from."""
    left = sum(parts[name] for name in (DECODE, RESIZE, INVOKE))
    return (
        f"were fetching free: {(parts[WHOLE] - parts[FETCH]) / over:.2f} x; "
        f"were all free but decoding, resizing and the model: {left / over:.2f} x"
    )


def one_by_one(case: Case, rounds: int) -> None:
    """Print what the parts alone come to over boto3 and an invocation an image."""
    some, blobs = case.subjects[:SOME], case.blobs[:SOME]
    found = measure(
        {
            FETCH: (len(some), partial(ways.fetch_all, some)),
            SCORE: (len(some), partial(ways.decode_and_score, blobs, case.scorer)),
            ONE: (len(some), partial(ways.OneByOne(case).score, some)),
        },
        rounds,
    )
    for part in (FETCH, SCORE):
        print_ratio(f"{part} alone, over boto3 + one image", cpu(found, part), cpu(found, ONE))
    for name, fetch in (("obstore", ways.fetch_all), ("boto3", partial(ways.fetch_boto3, case))):
        print(
            f"  {name:<8}{_sleeps(fetch, some):>6.1f} times a thread sleeps for a GET", flush=True
        )


def _sleeps(fetch: Callable[[Sequence[Subject]], None], subjects: Sequence[Subject]) -> float:
    """How often a thread of this process gives up its processor to wait, for each subject."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    fetch(subjects)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before) / len(subjects)


def _ways(
    case: Case, subjects: Sequence[Subject], images: int, resizing: list[float]
) -> dict[str, Way]:
    contents = _contents(subjects)
    tensors = np.zeros((images, *_shape(case)), np.uint8)
    found: dict[str, Way] = {FETCH: (images, partial(ways.fetch_all, subjects))}
    if len(subjects) != images:
        found[UNPACK] = (images, partial(_unpack, subjects, _read(subjects)))
    return found | {
        DECODE: (images, partial(_decode, contents, case, tensors, resizing)),
        INVOKE: (images, partial(_invoke, case, tensors)),
        WHOLE: (images, partial(ways.pipeline, case, subjects)),
    }


def _shape(case: Case) -> tuple[int, int, int]:
    c = case.scorer.contract
    return c.height, c.width, c.channels


def _read(subjects: Sequence[Subject]) -> list[bytes]:
    return [store.read(subject, max_bytes=ways.LIMIT * 10).data for subject in subjects]


def _unpack(subjects: Sequence[Subject], blobs: Sequence[bytes]) -> list[Any]:
    return [
        member.content
        for subject, data in zip(subjects, blobs, strict=True)
        for member in members(subject.source, data, Settings())
    ]


def _contents(subjects: Sequence[Subject]) -> list[bytes | NDArray[np.uint8]]:
    blobs = _read(subjects)
    return blobs if len(subjects) > 1 else _unpack(subjects, blobs)


def _decode(
    contents: Sequence[bytes | NDArray[np.uint8]],
    case: Case,
    tensors: NDArray[np.uint8],
    resizing: list[float],
) -> None:
    c, budget = case.scorer.contract, image.PixelBudget()
    with _timed_resize() as took:
        for row, content in enumerate(contents):
            if isinstance(content, bytes):
                tensors[row] = image.decode_to_tensor(content, c, budget=budget)
            else:
                tensors[row] = image.fit(content, c)
    resizing.append(sum(took))


@contextmanager
def _timed_resize() -> Iterator[list[float]]:
    """Seconds of CPU of each call of resize, which decoding calls itself."""
    took: list[float] = []
    resize = image.resize

    def timed(*words: Any) -> Any:
        start = time.thread_time()
        picture = resize(*words)
        took.append(time.thread_time() - start)
        return picture

    image.resize = timed
    try:
        yield took
    finally:
        image.resize = resize


def _invoke(case: Case, tensors: NDArray[np.uint8]) -> None:
    for start in range(0, len(tensors), case.scorer.batch):
        case.scorer.probabilities(tensors[start : start + case.scorer.batch])


def large(case: Case, rounds: int) -> None:
    """Print what the JPEG decoder's own scaling takes off a picture of 12 megapixels."""
    blobs = cases.photographs(4, 4000, 3000)
    full = case.scorer.contract
    found = measure(
        {
            jpeg: (len(blobs), partial(_tensors, blobs, replace(full, jpeg=jpeg)))
            for jpeg in ("full", "scaled")
        },
        rounds,
    )
    print_costs("12-megapixel JPEG to a tensor of 224 x 224, by the contract's jpeg", found)
    print_ratio("CPU, scaled over full", cpu(found, "scaled"), cpu(found, "full"))


def _tensors(blobs: Sequence[bytes], contract: Contract) -> None:
    for blob in blobs:
        image.decode_to_tensor(blob, contract, budget=image.PixelBudget())


def profile(case: Case) -> None:
    """Print where the calling thread of the pipeline spends its time."""
    profiler = cProfile.Profile(time.thread_time)
    profiler.runcall(ways.pipeline, case)
    stats: Any = pstats.Stats(profiler)
    total = stats.total_tt
    print(f"\n{case.name}: the calling thread, {total * 1e6 / len(case.blobs):,.0f} us an image")
    rows = sorted(stats.stats.items(), key=lambda row: -row[1][3])
    named = [row for row in rows if row[0][0].startswith(_OURS) or row[0][2] in _OTHERS]
    for (file, line, name), (_, calls, own, whole, _) in named[:SHOWN]:
        place = f"{Path(file).name}:{line} {name}" if line else name
        print(f"  {whole / total:>6.1%} in all {own / total:>6.1%} itself {calls:>8,} x  {place}")


if __name__ == "__main__":
    main()
