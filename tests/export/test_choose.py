"""The gates and the choice, on trials made by hand: each rule alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from export.candidates import Candidate, every, pipeline_batch
from export.choose import Limits, choose, misses
from export.proof import Exam, Reading, accuracy, recall
from export.targets import TARGETS, target
from export.trial import Trial
from litescore.bench.latency import Latency
from litescore.comparison import compare
from litescore.contract import VARIANTS, Contract
from litescore.errors import UsageError

CONTRACT = Contract(("cat", "dog", "owl"), "gray", 28, 28)
CLASSES = np.repeat(np.arange(3), [100, 100, 20])
LITERT, PI = TARGETS["litert"], TARGETS["pi5"]


def answers(*wrong: tuple[int, int]) -> np.ndarray:
    """float32[220, 3], right everywhere but for the first `count` images of each class named."""
    best = CLASSES.copy()
    for number, count in wrong:
        best[np.flatnonzero(number == CLASSES)[:count]] = (number + 1) % 3
    return np.eye(3, dtype=np.float32)[best]


EXAM = Exam(CONTRACT, np.zeros((220, 28, 28, 1), np.uint8), CLASSES, answers(), np.zeros(0))


def trial(
    name: str = "int8",
    *wrong: tuple[int, int],
    size: int = 100,
    p50: float | None = 1.0,
    batch: int = 32,
) -> Trial:
    """A candidate that gets these images wrong and takes so many milliseconds an invocation."""
    got = answers(*wrong)
    reading = Reading(
        "litert",
        "2",
        accuracy(got, CLASSES),
        recall(got, CLASSES),
        compare(EXAM.keras, got, step=0),
    )
    latency = {} if p50 is None else {batch: cost(p50, batch)}
    return Trial(Candidate(name), b"", size, [reading], latency)


def cost(p50: float, batch: int) -> Latency:
    return Latency("litert", "2", batch, False, 1, 9, p50, p50, p50, batch / p50 * 1000, 1.0)


def test_one_class_may_not_pay_for_all() -> None:
    """A class that loses 40 points of recall costs 3.6 points overall: only its own gate sees it."""
    damaged = trial("int8", (2, 8))
    assert misses(damaged, EXAM, Limits(max_drop=5, max_class_drop=50)) == []
    (said,) = misses(damaged, EXAM, Limits(max_drop=5, max_class_drop=10))
    assert "40.00 points of the recall of 'owl' (20 images), --max-class-drop is 10" in said


def test_one_image_is_forgiven_and_two_are_not() -> None:
    """Of 20 images one is 5 points: no evidence, whatever the gate says."""
    strict = Limits(max_drop=5, max_class_drop=1)
    assert misses(trial("int8", (2, 1)), EXAM, strict) == []
    assert "10.00 points" in misses(trial("int8", (2, 2)), EXAM, strict)[0]


def test_a_forgiven_image_hides_no_other_class() -> None:
    """One of 20 owls is 5 points and forgiven; four of 100 cats are 4 points and are not."""
    both = trial("int8", (2, 1), (0, 4))
    assert both.class_drop(EXAM).label == "owl"
    (said,) = misses(both, EXAM, Limits(max_drop=5, max_class_drop=3))
    assert "4.00 points of the recall of 'cat' (100 images)" in said


def test_exactly_at_the_gate_passes() -> None:
    """Eleven of 220 images are 5 points, whatever floats make of the difference."""
    lost = trial("int8", (0, 11))
    assert lost.drop(EXAM) == pytest.approx(5)
    assert misses(lost, EXAM, Limits(max_drop=5, max_class_drop=11)) == []


def test_every_runtime_of_the_target_must_load_it() -> None:
    """What LiteRT reads and tflite-runtime refuses is no file for a Pi."""
    refused = Reading("tflite-runtime", "2.14.0", refused="cannot load it")
    half = replace(trial(), readings=[*trial().readings, refused])
    assert misses(half, EXAM, Limits()) == []
    assert misses(half, EXAM, Limits(), PI) == ["tflite-runtime 2.14.0: cannot load it"]


def test_the_worst_runtime_counts() -> None:
    """What one runtime loses is not made up for by another."""
    good, bad = trial("int8").readings[0], trial("int8", (0, 30)).readings[0]
    both = replace(trial("int8"), readings=[good, bad])
    assert both.accuracy == bad.accuracy
    assert both.class_drop(EXAM).label == "cat"
    assert len(misses(both, EXAM, Limits())) == 2


def test_size_and_latency_gates() -> None:
    """Each names its figure and its option; an unknown latency does not pass a gate of it."""
    large = trial(size=400)
    assert "400 bytes, --max-size is 300" in misses(large, EXAM, Limits(max_size=300), LITERT)[0]
    slow = trial(p50=9)
    assert (
        "takes 9 ms an invocation of 32 images"
        in misses(slow, EXAM, Limits(max_latency=5), LITERT)[0]
    )
    unknown = trial(p50=None)
    assert "1 image at once, is not known" in misses(unknown, EXAM, Limits(max_latency=5), PI)[0]


def test_the_fastest_that_passes() -> None:
    """The fastest of all fails the gate, the next is taken, and the reason gives the figures."""
    trials = [trial("int8", (0, 30), p50=0.5), trial("f16", p50=2), trial("f32", p50=1)]
    chosen = choose(trials, EXAM, Limits(), LITERT)
    assert chosen.trial is trials[2]
    assert "fastest of 2 that pass the gates (3 tried)" in chosen.why


def test_of_equally_fast_the_smallest() -> None:
    """Three percent is noise: the smaller file is taken."""
    trials = [trial("f32", p50=1.0, size=400), trial("int8", p50=1.03, size=100)]
    assert choose(trials, EXAM, Limits(), LITERT).trial is trials[1]
    slower = [trials[0], trial("int8", p50=1.2, size=100)]
    assert choose(slower, EXAM, Limits(), LITERT).trial is slower[0]


def test_a_fixed_batch_is_judged_by_the_image() -> None:
    """32 images in 3 ms beat one in 1 ms."""
    fixed = replace(trial("f32", p50=3), candidate=Candidate("f32", 32))
    one = trial("int8", p50=32.0)
    assert choose([fixed, one], EXAM, Limits(), LITERT).trial is fixed


def test_without_a_latency_the_smallest() -> None:
    """A Pi whose figures were not brought: nothing is assumed of its speed, and it says so."""
    trials = [trial("f32", p50=None, size=400), trial("int8", p50=None, size=100)]
    chosen = choose(trials, EXAM, Limits(), PI)
    assert chosen.trial is trials[1]
    assert "how fast they are on pi5, 1 image at once, is not known" in chosen.why
    assert "--measured" in chosen.why


def test_what_was_not_measured_is_not_called_slower() -> None:
    """Of three that pass the latency of two is known: the choice says so."""
    trials = [trial("f32", p50=2), trial("f16", p50=1), trial("int8", p50=None)]
    chosen = choose(trials, EXAM, Limits(), TARGETS["lambda"])
    assert chosen.trial is trials[1]
    assert "2 whose latency is known, of 3 that pass the gates" in chosen.why


def test_a_latency_at_another_batch_does_not_count() -> None:
    """Lambda gets batches of 32: a figure for one image is named as what is missing."""
    chosen = choose([trial(batch=1)], EXAM, Limits(), TARGETS["lambda"])
    assert "32 images at once, is not known" in chosen.why
    assert "litescore bench --batch 32 --json" in chosen.why


def test_none_passes() -> None:
    """No choice, rather than the best of the bad."""
    none = choose([trial("int8", (0, 30))], EXAM, Limits(), LITERT)
    assert none.trial is None
    assert none.why.startswith("no variant passes the gates (int8: loses 13.64 points")


def test_what_is_tried_for_whom() -> None:
    """Every variant; a batch of one where frames come singly, both forms for tflite-runtime."""
    assert every(LITERT, CONTRACT) == [Candidate(variant) for variant in VARIANTS]
    assert {one.batch for one in every(PI, CONTRACT)} == {1}
    both = {one.batch for one in every(TARGETS["tflite-runtime"], CONTRACT)}
    assert both == {None, pipeline_batch(CONTRACT)}


def test_unknown_target() -> None:
    """Named, with those that are known."""
    with pytest.raises(UsageError, match="'pi6': one of litert, tflite-runtime, pi4, pi5, lambda"):
        target("pi6")
