"""What a second decoding thread and a second process are worth, on the clock.

    python -m benchmarks.batch.parallel [ROUNDS]

Local files, so that no server takes its share of the processors. Threads: 1-megapixel JPEGs through
the pipeline, into a model that costs next to nothing beside them. Processes: 28 x 28 PNGs through
`litescore score --jobs`; what starting them takes is taken out: the time of few images from that of
many.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import holds
from benchmarks.batch import cases
from benchmarks.batch.rounds import ROUNDS, Rounds, measure, print_costs, print_ratio, rate
from litescore import batch, output
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.settings import Settings, processors

JPEGS, FEW, PNGS = 64, 200, 20_200


def main() -> None:
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    if processors() < 2:
        sys.exit("needs two processors")
    with tempfile.TemporaryDirectory() as name:
        threads(Path(name), rounds)
        processes(Path(name), rounds)


def threads(folder: Path, count: int) -> None:
    """Print the row of decoding threads."""
    rounds = by_threads(folder, count)
    print_costs("1-megapixel JPEGs, a model of one dense layer", rounds)
    one, two = (rate(rounds, name) for name in rounds)
    print_ratio("images/s, two decoding threads over one", two, one, least=holds.TWO.least)


def by_threads(
    folder: Path, count: int, jpegs: int = JPEGS, numbers: Sequence[int] = (1, 2)
) -> Rounds:
    """The cost of so many large JPEGs by decoding threads, in this order."""
    place = folder / "jpegs"
    _write(place, cases.photographs(jpegs, 1280, 800), ".jpg")
    scorer = Scorer(cases.pooled().file, batch=None)
    subjects = [Subject(str(path)) for path in sorted(place.iterdir())]
    ways = {
        f"{number} decoding threads": (
            jpegs,
            partial(_score, subjects, scorer, folder / "records", number),
        )
        for number in numbers
    }
    return measure(ways, count)


def _score(subjects: Sequence[Subject], scorer: Scorer, place: Path, number: int) -> None:
    outcomes = batch.run(subjects, scorer, settings=Settings()._replace(threads=number))
    summary = output.write_all(outcomes, str(place))
    assert summary.scored == len(subjects), summary


def processes(folder: Path, count: int) -> None:
    """Print the row of processes."""
    took, spent = by_processes(folder, count)
    print("\n28 x 28 PNGs, litescore score --jobs")
    for jobs, times in took.items():
        rates = sorted((PNGS - FEW) / taken for taken in times)
        print(f"  {jobs} processes{rates[len(rates) // 2]:>48,.0f} images/s")
    print_ratio("images/s, two processes over one", took[1], took[2], least=holds.TWO.least)
    # Two over this is what two idle processors could reach.
    print_ratio("CPU of all processes, two over one", spent[2], spent[1])


def by_processes(
    folder: Path, count: int, few: int = FEW, many: int = PNGS
) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """Seconds that `many` small images take beyond `few`, and of processor time, round by round, by
    the number of processes.
    """
    blobs = cases.small_images(many)
    _write(folder / "few", blobs[:few], ".png")
    _write(folder / "many", blobs, ".png")
    model = folder / "model.tflite"
    model.write_bytes(cases.dense().file)
    took: dict[int, list[float]] = {1: [], 2: []}
    spent: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(count):
        for jobs, times in took.items():
            short, long = (_command(folder, name, model, jobs) for name in ("few", "many"))
            times.append(long[0] - short[0])
            spent[jobs].append(long[1] - short[1])
    return took, spent


def _command(folder: Path, name: str, model: Path, jobs: int) -> tuple[float, float]:
    """Seconds that scoring a folder takes, and of processor time in all its processes."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        words = ["score", folder / name, "--model", model, "--out", out, "--jobs", jobs]
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "litescore", *map(str, words)]
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return time.perf_counter() - start, spent


def _write(place: Path, blobs: Sequence[bytes], ending: str) -> None:
    place.mkdir()
    for number, blob in enumerate(blobs):
        (place / f"{number:06}{ending}").write_bytes(blob)


if __name__ == "__main__":
    main()
