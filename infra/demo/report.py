"""The demo's report: what came out, as one page. Knows no step, only their results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.demo.account import Asked
from infra.demo.job import FRAMES_EACH, PRESET, Scored, Scoring, Workplace
from infra.package.build import Package
from litescore.page import BAD, GOOD, Page

_WAY = """\
labelled images --train--> model.keras --export--> model.tflite
PNG in S3 --> queue --> function --> records in S3 --> Athena
frame of a clip --> edge loop --> records"""


@dataclass(frozen=True)
class Outcome:
    """What the main job gave.

    training    run.json of the run
    evaluation  what `litescore evaluate --json` said of the exported file
    asked       what Athena's views say of the cloud's records
    here        the cloud's pictures scored in the demo's own process; `here_too` the clip's
    seconds     the whole job took
    """

    place: Workplace
    training: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    package: Package
    cloud: Scoring
    asked: Asked
    here: Scoring
    edge: Scoring
    here_too: Scoring
    seconds: float

    @property
    def agreement(self) -> str:
        """How many answers of cloud and edge are what this process gave, for people."""
        ways = (("S3", self.cloud, self.here), ("edge", self.edge, self.here_too))
        counts = (f"{name} {way.agreeing(here)} of {len(way.scored)}" for name, way, here in ways)
        return ", ".join(counts)

    @property
    def agrees(self) -> bool:
        """Whether each answer is: the claim that litescore exists for."""
        ways = ((self.cloud, self.here), (self.edge, self.here_too))
        same = all(way.agreeing(here) == len(way.scored) for way, here in ways)
        return same and self.asked.images == len(self.cloud.scored)

    @property
    def accuracies(self) -> list[tuple[str, int, float]]:
        """(what, on how many images, share that is right), in the data's way."""
        evaluation = self.evaluation
        return [
            ("Keras model", evaluation["n"], self.training["test_accuracy"]),
            ("exported int8 file", evaluation["n"], evaluation["accuracy"]),
            ("function over S3", len(self.cloud.scored), self.cloud.accuracy),
            ("edge loop, frames of a clip", len(self.edge.scored), self.edge.accuracy),
        ]


def write(outcome: Outcome) -> Path:
    """Write the page; its path, for printing."""
    page = Page("litescore demo", _lead(outcome))
    page.facts({name: f"{share:.1%}" for name, _, share in outcome.accuracies})
    page.code(_WAY)
    page.text(f"Data: {outcome.training['data_origin']}.")
    _numbers(page, outcome)
    page.heading("Training")
    page.picture(
        (outcome.place.run / "plots" / "curves.png").read_bytes(),
        alt="Loss and accuracy of training and validation over the epochs",
    )
    page.heading("Confusion matrix of the exported file")
    page.text(f"On the {outcome.evaluation['n']:,} images of the test part.")
    page.confusion(outcome.evaluation["labels"], outcome.evaluation["confusion"])
    _views(page, outcome)
    _pictures(page, outcome)
    return page.write(outcome.place.report)


def _lead(outcome: Outcome) -> str:
    return (
        f"A Fashion-MNIST classifier (preset {PRESET}) trained, quantized to int8 and put to work "
        f"in a cloud and at the edge of this machine, in {outcome.seconds:.0f} seconds."
    )


def _numbers(page: Page, outcome: Outcome) -> None:
    page.heading("Accuracy")
    page.table(
        ("what", "images", "right"),
        [(name, f"{count:,}", f"{share:.2%}") for name, count, share in outcome.accuracies],
    )
    page.text(
        "The last two saw a few of the test images only, so theirs differ from the file's by "
        "chance. What must not differ is each answer, label and score, from what the same file "
        f"gives in the demo's own process. The same: {outcome.agreement}.",
        tone=GOOD if outcome.agrees else BAD,
    )
    page.heading("Size")
    page.table(("file", "bytes"), [(name, f"{size:,}") for name, size in _sizes(outcome)])
    page.heading("Speed")
    page.table(("what", "images/s"), [(name, f"{rate:,.0f}") for name, rate in _rates(outcome)])


def _views(page: Page, outcome: Outcome) -> None:
    asked = outcome.asked
    page.heading("What Athena says of the records")
    page.text(
        f"{asked.again} images were scored a second time, by a backfill, so there are "
        f"{asked.lines} records (one that was alone in its message is written under its own name "
        f"again). The view that leaves out what is double has {asked.images} images.",
        tone=GOOD if asked.images == len(outcome.cloud.scored) else BAD,
    )
    page.table(("label", "images"), [(label, f"{count:,}") for label, count in asked.labels])


def _sizes(outcome: Outcome) -> Iterator[tuple[str, int]]:
    keras = outcome.place.run / "model.keras"
    yield "model.keras", keras.stat().st_size
    yield "model.tflite, int8, with its contract", outcome.place.model.stat().st_size
    yield f"the function's zip, for Python {outcome.package.python}", outcome.package.zipped
    yield "the same, unpacked (Lambda takes 262,144,000)", outcome.package.unpacked


def _rates(outcome: Outcome) -> Iterator[tuple[str, float]]:
    yield "training", outcome.training["images_per_second"]
    yield "PNG bytes to record in one process, one at a time", outcome.here.rate
    yield (
        "through S3: first upload to last record seen, the functions' cold start included",
        outcome.cloud.rate,
    )
    yield "edge loop, frames of a clip", outcome.edge.rate


def _pictures(page: Page, outcome: Outcome) -> None:
    cloud, edge = outcome.cloud, outcome.edge
    page.heading(f"{len(cloud.scored)} images through S3")
    page.text(f"{_right(cloud.scored)} Wrong ones first, with what they are.")
    page.sheet(_sheet(cloud.scored))
    shown = edge.scored[::FRAMES_EACH]
    page.heading(
        f"{len(shown)} images in a clip of {len(edge.scored)} frames, through the edge loop"
    )
    page.text(
        f"{_right(edge.scored)} Each image stands for {FRAMES_EACH} frames; its first is shown."
    )
    page.sheet(_sheet(shown))


def _right(scored: tuple[Scored, ...]) -> str:
    return f"{sum(one.right for one in scored)} of {len(scored)} right."


def _sheet(scored: Iterable[Scored]) -> Iterator[tuple[bytes, str, str]]:
    for one in sorted(scored, key=lambda one: one.right):
        label, score = one.record.label, one.record.score
        if label is None or score is None:
            yield one.picture.png, f"{one.record.status}: {one.record.reason}", BAD
        elif one.right:
            yield one.picture.png, f"{label} {score:.1%}", GOOD
        else:
            yield one.picture.png, f"{label} {score:.1%}, is {one.picture.truth}", BAD
