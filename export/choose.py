"""The gates, and the choice among what passes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from export.candidates import pipeline_batch
from export.proof import Exam
from export.targets import Target
from export.trial import ClassDrop, Trial
from litescore.bench.latency import Latency
from litescore.contract import Contract

# Two latencies closer than this are the same on a machine that also does other things.
NOISE = 0.05
# Differences of shares are off by this in their last bits; what is exactly at a gate passes it.
_EXACT = 1e-9


@dataclass(frozen=True)
class Limits:
    """What a file may lose and cost; drops in percentage points on the validation images.

    max_drop        of accuracy
    max_class_drop  of any class's recall; one image is never held against a file, whatever share of
                    its class it is
    max_size        bytes of the whole file
    max_latency     milliseconds of an invocation, as the target gets its images
    """

    max_drop: float = 1.0
    max_class_drop: float = 5.0
    max_size: int | None = None
    max_latency: float | None = None


@dataclass(frozen=True)
class Choice:
    """The trial that was chosen (None where none passed), and why, for people."""

    trial: Trial | None
    why: str


def judged(trial: Trial, target: Target, exam: Exam) -> Latency | None:
    """The latency that counts at this target, None where it is not known."""
    return trial.latency.get(trial.candidate.batch or judged_batch(target, exam.contract))


def judged_batch(target: Target, contract: Contract) -> int:
    """How many images an invocation takes at this target, if the file leaves it open."""
    return 1 if target.frames else pipeline_batch(contract)


def misses(trial: Trial, exam: Exam, limits: Limits, target: Target | None = None) -> list[str]:
    """Each gate that a trial does not pass, with the figures; empty for one that may be used."""
    refused = [f"{reading}: {reading.refused}" for reading in trial.readings if reading.refused]
    if trial.refused or not trial.read or (refused and target is not None):
        return [trial.refused or "; ".join(refused)]
    found = loses_too_much(trial, exam, limits)
    if limits.max_size is not None and trial.size > limits.max_size:
        found.append(f"has {trial.size:,} bytes, --max-size is {limits.max_size:,}")
    if limits.max_latency is not None and target is not None:
        batch = trial.candidate.batch or judged_batch(target, exam.contract)
        found += _too_slow(trial.latency.get(batch), limits.max_latency, batch)
    return found


def loses_too_much(trial: Trial, exam: Exam, limits: Limits) -> list[str]:
    """The gates of accuracy that a trial does not pass."""
    found = []
    if trial.drop(exam) > limits.max_drop + _EXACT:
        found.append(
            f"loses {trial.drop(exam):.2f} points of accuracy to the Keras model, "
            f"--max-drop is {limits.max_drop:g}"
        )
    worst = next((drop for drop in trial.class_drops(exam) if _too_much(drop, limits)), None)
    if worst is not None:
        found.append(
            f"loses {worst.points:.2f} points of the recall of {worst.label!r} "
            f"({worst.images:,} images), --max-class-drop is {limits.max_class_drop:g}"
        )
    return found


def choose(trials: Sequence[Trial], exam: Exam, limits: Limits, target: Target) -> Choice:
    """The fastest that passes every gate, the smallest of those as fast; without latencies the
    smallest.
    """
    missed = {trial.candidate: misses(trial, exam, limits, target) for trial in trials}
    passing = [trial for trial in trials if not missed[trial.candidate]]
    if not passing:
        first = trials[0].candidate
        return Choice(None, f"no variant passes the gates ({first}: {missed[first][0]})")
    timed = {
        trial.candidate: found.p50 / found.batch
        for trial in passing
        if (found := judged(trial, target, exam))
    }
    if not timed:
        smallest = min(passing, key=lambda trial: trial.size)
        return Choice(smallest, _why_smallest(smallest, len(passing), target, exam))
    fastest = min(timed.values())
    even = [one for one in passing if timed.get(one.candidate, np.inf) <= fastest * (1 + NOISE)]
    chosen = min(even, key=lambda trial: trial.size)
    among = f"{len(passing)} that pass the gates ({len(trials)} tried)"
    if len(timed) < len(passing):
        among = f"{len(timed)} whose latency is known, of {among}"
    return Choice(chosen, _why_fastest(chosen, fastest, len(even), among))


def _too_much(worst: ClassDrop, limits: Limits) -> bool:
    one_image = 100 / worst.images
    return worst.points > max(limits.max_class_drop, one_image) + _EXACT


def _too_slow(found: Latency | None, limit: float, batch: int) -> list[str]:
    if found is None:
        return [f"its latency there, {_images(batch)} at once, is not known"]
    if found.p50 > limit:
        taken = f"takes {found.p50:.3g} ms an invocation of {_images(batch)}"
        return [f"{taken}, --max-latency-ms is {limit:g}"]
    return []


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _why_smallest(trial: Trial, passing: int, target: Target, exam: Exam) -> str:
    batch = trial.candidate.batch or judged_batch(target, exam.contract)
    return (
        f"{trial.candidate} is the smallest of {passing} that pass the gates; how fast they are on "
        f"{target.name}, {_images(batch)} at once, is not known: measure the files of --keep there "
        f"with `litescore bench --batch {batch} --json` and give its output with --measured"
    )


def _why_fastest(trial: Trial, fastest: float, even: int, among: str) -> str:
    time = f"{fastest:.3g} ms" if fastest >= 0.1 else f"{fastest * 1000:.3g} us"
    if even == 1:
        return f"{trial.candidate} is the fastest of {among}: {time} an image"
    return (
        f"{trial.candidate} is the smallest of the {even} fastest of {among}, which are within "
        f"{NOISE:.0%} of {time} an image"
    )
