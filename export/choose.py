"""The gates, and the choice among what passes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from export.candidates import pipeline_batch
from export.proof import Exam
from export.targets import Target
from export.trial import ClassDrop, Trial
from litescore.bench.latency import Latency

# Two latencies closer than this are the same on a machine that also does other things.
NOISE = 0.05


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
    usual = 1 if target.frames else pipeline_batch(exam.contract)
    return trial.latency.get(trial.candidate.batch or usual)


def misses(trial: Trial, exam: Exam, limits: Limits, target: Target | None = None) -> list[str]:
    """Each gate that a trial does not pass, with the figures; empty for one that may be used."""
    if trial.refused or not trial.read:
        return [trial.refused or "; ".join(f"{r}: {r.refused}" for r in trial.readings)]
    found = loses_too_much(trial, exam, limits)
    if limits.max_size is not None and trial.size > limits.max_size:
        found.append(f"has {trial.size:,} bytes, --max-size is {limits.max_size:,}")
    if limits.max_latency is not None and target is not None:
        found += _too_slow(judged(trial, target, exam), limits.max_latency)
    return found


def loses_too_much(trial: Trial, exam: Exam, limits: Limits) -> list[str]:
    """The gates of accuracy that a trial does not pass."""
    found = []
    if trial.drop(exam) > limits.max_drop:
        found.append(
            f"loses {trial.drop(exam):.2f} points of accuracy to the Keras model, "
            f"--max-drop is {limits.max_drop:g}"
        )
    worst = trial.class_drop(exam)
    if _too_much(worst, limits):
        found.append(
            f"loses {worst.points:.2f} points of the recall of {worst.label!r} "
            f"({worst.images:,} images), --max-class-drop is {limits.max_class_drop:g}"
        )
    return found


def choose(trials: Sequence[Trial], exam: Exam, limits: Limits, target: Target) -> Choice:
    """The fastest that passes every gate, the smallest of those as fast; without latencies the
    smallest.
    """
    passing = [trial for trial in trials if not misses(trial, exam, limits, target)]
    if not passing:
        return Choice(None, "no variant passes the gates")
    timed = [
        (found.p50 / found.batch, trial)
        for trial in passing
        if (found := judged(trial, target, exam))
    ]
    if not timed:
        smallest = min(passing, key=lambda trial: trial.size)
        return Choice(smallest, _why_smallest(smallest, len(passing), target))
    fastest = min(cost for cost, _ in timed)
    even = [trial for cost, trial in timed if cost <= fastest * (1 + NOISE)]
    chosen = min(even, key=lambda trial: trial.size)
    return Choice(chosen, _why_fastest(chosen, fastest, len(even), len(passing), len(trials)))


def _too_much(worst: ClassDrop, limits: Limits) -> bool:
    one_image = 100 / worst.images
    return worst.points > max(limits.max_class_drop, one_image * 1.001)


def _too_slow(found: Latency | None, limit: float) -> list[str]:
    if found is None:
        return ["its latency there is not known: bring it with --measured"]
    if found.p50 > limit:
        return [f"takes {found.p50:.3g} ms an invocation, --max-latency-ms is {limit:g}"]
    return []


def _why_smallest(trial: Trial, passing: int, target: Target) -> str:
    return (
        f"{trial.candidate} is the smallest of {passing} that pass the gates; how fast they are on "
        f"{target.name} is not known: measure the candidates there with `litescore bench --json` "
        "and give its output with --measured"
    )


def _why_fastest(trial: Trial, fastest: float, even: int, passing: int, tried: int) -> str:
    among = f"of {passing} that pass the gates ({tried} tried)"
    time = f"{fastest:.3g} ms" if fastest >= 0.1 else f"{fastest * 1000:.3g} us"
    if even == 1:
        return f"{trial.candidate} is the fastest {among}: {time} an image"
    return (
        f"{trial.candidate} is the smallest of the {even} fastest {among}, which are within "
        f"{NOISE:.0%} of {time} an image"
    )
