"""What a model is not good at, in sentences, as far as its figures tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from litescore.evaluate import confusion
from litescore.reliability import reliability
from trainer.report import classes
from trainer.report.verdict import calibrated, imbalanced, percent, untested

if TYPE_CHECKING:
    # Running needs TensorFlow; telling of a run does not.
    from trainer.run import Run

_WORST = 3
# Recall of a class below which it is worth naming: this much (0..1) under the accuracy.
_BELOW = 0.05
# Test images of a class, or of all, below which a share of them says little.
_FEW, _FEW_IN_ALL = 20, 200


def found(run: Run, facts: Mapping[str, Any]) -> Iterator[str]:
    """One sentence each. The first holds for every model of this kind."""
    labels = run.contract.labels
    counts = confusion(run.test.predicted, run.splits.test.classes, len(labels))
    yield (
        "Every picture is put into one of its classes, also one that shows none of them; a low "
        "confidence is the only sign."
    )
    yield from _about_classes(run, classes.figures(labels, counts))
    yield from filter(None, (untested(run), imbalanced(run)))
    yield calibrated(reliability(run.test.probabilities, run.splits.test.classes))
    yield from _about_data(run, facts)


def _about_classes(run: Run, figures: tuple[classes.ClassFigures, ...]) -> Iterator[str]:
    known = sorted((one.recall, one.label) for one in figures if one.recall is not None)
    low = [(recall, label) for recall, label in known if recall < run.test.accuracy - _BELOW]
    if low:
        named = ", ".join(f"{label} ({percent(recall)})" for recall, label in low[:_WORST])
        yield f"Found least often: {named}, of all images {percent(run.test.accuracy)}."
    few = [one.label for one in figures if 0 < one.support < _FEW]
    if few:
        more = f" and {len(few) - _WORST} more" if few[_WORST:] else ""
        yield (
            f"Fewer than {_FEW} test images: {', '.join(few[:_WORST])}{more}; the figures of such "
            "classes say little."
        )


def _about_data(run: Run, facts: Mapping[str, Any]) -> Iterator[str]:
    if len(run.splits.test) < _FEW_IN_ALL:
        yield f"There are {len(run.splits.test):,} test images only: every figure is a rough one."
    if run.splits.validation is None:
        yield "No validation images watched the training: the last word is that of the training loss."
    if facts.get("shipped_slice"):
        yield "It learned from a small slice of the data set, for want of the whole."
