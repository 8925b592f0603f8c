"""The report of an export: what was tried and chosen, what the file lost, which images differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export import pictures, summary
from export.exported import Exported, Tested
from export.pictures import Point
from export.proof import Reading
from export.trial import Trial
from litescore import drawing, image
from litescore.evaluate import confusion
from litescore.page import BAD, GOOD, Page
from litescore.reliability import reliability

_MOST_PICTURES = 40


def write(exported: Exported) -> Path:
    """Write the page beside the model file, or as `.refused.html` where there is none; its path."""
    out = exported.order.out
    page = Page(f"Export: {out.name}", f"{exported.choice.why}.")
    _facts(page, exported)
    _comparison(page, exported)
    _layers(page, exported)
    if exported.tested is not None:
        _tested(page, exported, exported.tested)
    refused = out.with_suffix(".refused.html")
    if exported.path is None:
        return page.write(refused)
    # What an earlier attempt left says nothing of this file.
    refused.unlink(missing_ok=True)
    return page.write(out.with_suffix(".report.html"))


def _facts(page: Page, exported: Exported) -> None:
    order, exam = exported.order, exported.exam
    facts: dict[str, object] = {"Keras, validation": f"{exam.accuracy:.2%}"}
    if order.target is not None:
        facts["target"] = order.target.name
    if exported.contract is not None and exported.tested is not None:
        facts |= {
            "variant": exported.chosen.candidate,
            "size": f"{exported.size / 1000:,.1f} kB",
            "drop on test images": f"{exported.tested.drop:+.2f} points",
            "oldest TensorFlow Lite": exported.contract.smallest_runtime or "not known",
        }
    else:
        facts["written"] = "nothing"
    if exported.temperature is not None:
        facts["temperature"] = f"{exported.temperature:.3f}"
    page.facts(facts)
    for note in exported.source.notes:
        page.text(f"{note[0].upper()}{note[1:]}.")


def _comparison(page: Page, exported: Exported) -> None:
    limits, count = exported.order.limits, len(exported.exam.classes)
    page.heading("What was tried")
    page.text(
        f"On {count:,} validation images. Beside the Keras model a file may lose "
        f"{limits.max_drop:g} % of accuracy and {limits.max_class_drop:g} % of the recall of any "
        "class, both in percentage points."
    )
    tried = [trial for trial in exported.trials if trial.read]
    if len(tried) > 1:
        gate = exported.exam.accuracy - limits.max_drop / 100
        points = [_point(exported, trial) for trial in tried]
        chosen = exported.choice.trial
        drawn = pictures.pareto(points, str(chosen.candidate) if chosen else None, gate)
        page.picture(drawn, alt="size and latency against accuracy")
    header, *rows = summary.table(exported)
    page.table(header, rows)
    latencies = list(summary.latency_rows(exported))
    if latencies:
        page.heading("Latency")
        names = ("variant", "runtime", "images", "p50 ms", "p90 ms", "p99 ms", "images/s", "MB")
        page.table(names, latencies)


def _point(exported: Exported, trial: Trial) -> Point:
    cost = exported.judged(trial)
    return Point(
        str(trial.candidate),
        trial.accuracy,
        trial.size,
        cost.p50 / cost.batch if cost else None,
        summary.verdict(exported, trial) in ("chosen", "passes"),
    )


def _layers(page: Page, exported: Exported) -> None:
    if not exported.layer_costs:
        return
    page.heading("What int8 costs, layer by layer")
    page.picture(pictures.layer_costs(exported.layer_costs), alt="error of each layer in int8")


def _tested(page: Page, exported: Exported, tested: Tested) -> None:
    labels, classes = tested.exam.contract.labels, tested.exam.classes
    page.heading("On the test images, once")
    page.table(
        ("runtime", "accuracy", "same top-1 as Keras", "ties left out", "farthest probability"),
        [_row(reading) for reading in tested.readings],
    )
    best = next(r for r in tested.readings if r.probabilities is not None)
    assert best.probabilities is not None
    assert best.comparison is not None
    page.heading("Confusion matrix of the file")
    counts = confusion(best.probabilities.argmax(axis=1), classes, len(labels))
    page.confusion(labels, counts.tolist())
    _confidence(page, exported, best.probabilities, classes)
    _reference(page, exported)
    page.heading("Where the file and Keras differ")
    differing = best.comparison.differing
    page.text(f"{len(differing)} of {len(classes):,} images, ties aside.")
    page.sheet(_pictures(tested, best.probabilities, differing[:_MOST_PICTURES]))


def _reference(page: Page, exported: Exported) -> None:
    found = exported.reference
    if found is None:
        return
    page.heading("Beside your own predictions")
    page.text(summary.reference_text(found), tone=BAD if found.differs else GOOD)
    if found.first:
        page.table(("file", "yours", "the file's"), summary.reference_rows(found))


def _confidence(
    page: Page, exported: Exported, answers: NDArray[np.float32], classes: NDArray[np.int64]
) -> None:
    after = reliability(answers, classes)
    page.heading("What its confidence is worth")
    text = f"Expected calibration error of the file on the test images: {after.ece:.2%}."
    before = None if exported.before is None else reliability(exported.before, classes)
    if before is not None:
        text += f" Without the temperature of {exported.temperature:.3f}: {before.ece:.2%}."
    page.text(text, tone=GOOD if before is None or after.ece <= before.ece else BAD)
    drawn = [after] if before is None else [before, after]
    page.picture(drawing.reliability_diagram(*drawn), alt="confidence against accuracy")


def _row(reading: Reading) -> tuple[object, ...]:
    if reading.comparison is None:
        return (reading, "does not load", reading.refused or "", "", "")
    found = reading.comparison
    return (
        reading,
        f"{reading.accuracy:.2%}",
        f"{found.agreement:.2%}",
        found.ties,
        f"{found.farthest:.4f}",
    )


def _pictures(
    tested: Tested, answers: NDArray[np.float32], indices: tuple[int, ...]
) -> Iterator[tuple[bytes, str, str]]:
    labels = tested.exam.contract.labels
    for index in indices:
        keras = labels[int(tested.exam.keras[index].argmax())]
        ours = labels[int(answers[index].argmax())]
        png = image.encode_png(tested.exam.tensors[index])
        yield png, f"{ours}, Keras: {keras}", BAD
