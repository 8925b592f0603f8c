"""The part of report.html on images never seen: classes, confusion, confidence, mistakes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from litescore import drawing
from litescore.evaluate import confusion
from litescore.page import BAD, GOOD, PLAIN, Page
from litescore.reliability import reliability
from trainer.report import classes, mistakes, plots, tiles
from trainer.report.classes import ClassFigures
from trainer.report.verdict import CALIBRATED, calibrated, few, percent
from trainer.run import Run, predict_one

_GRID = 15
_MISTAKES, _BARELY = 20, 8
# Classes up to which a matrix can be read; of more, pairs are told.
_MATRIX = 20
_PAIRS, _MANY_PAIRS = 10, 25
# Rows of classes; of more the worst are told.
_ROWS = 100
# Characters of a class name and of a path below a small picture.
_NAME, _PLACE = 40, 60


def pictures(run: Run, cmap: str) -> dict[str, bytes]:
    """The drawn ones, by name, as PNG."""
    labels, test = run.contract.labels, run.splits.test
    shown = few(test, _GRID)
    drawn = {
        "predictions": plots.prediction_grid(
            test.tensors[shown],
            run.test.probabilities[shown],
            labels,
            test.classes[shown],
            cmap=cmap,
        ),
        "single": _prediction(run, int(shown[0]), predict_one(run, int(shown[0]))[0], cmap),
        "reliability": drawing.reliability_diagram(
            reliability(run.test.probabilities, test.classes)
        ),
    }
    wrong = mistakes.surest_wrong(run.test.probabilities, test.classes, 1)
    if len(wrong):
        drawn["wrong"] = _prediction(run, int(wrong[0]), run.test.probabilities[wrong[0]], cmap)
    return drawn


def add(page: Page, run: Run, drawn: Mapping[str, bytes], cmap: str) -> None:
    """Add it to the page; `drawn` are `pictures`."""
    labels, test = run.contract.labels, run.splits.test
    counts = confusion(run.test.predicted, test.classes, len(labels))
    page.heading("On images never seen")
    _confusion(page, labels, counts)
    _classes(page, classes.figures(labels, counts))
    _confidence(page, run, drawn)
    _mistakes(page, run, cmap)
    _predictions(page, run, drawn)


def _confusion(page: Page, labels: Sequence[str], counts: NDArray[np.int64]) -> None:
    if len(labels) <= _MATRIX:
        page.text("Rows are true classes, columns what the model says; the diagonal is right.")
        page.confusion(labels, counts.tolist())
    pairs = list(classes.pairs(labels, counts, _PAIRS if len(labels) <= _MATRIX else _MANY_PAIRS))
    if not pairs:
        page.text("No test image is taken for another class.", tone=GOOD)
        return
    page.text("The classes that are confused most often:")
    page.table(
        ("true class → taken for", "images", "of the class"),
        ((f"{one.truth} → {one.said}", f"{one.count:,}", percent(one.share)) for one in pairs),
    )


def _classes(page: Page, found: Sequence[ClassFigures]) -> None:
    ordered = found if len(found) <= _MATRIX else classes.worst_first(found)
    if len(found) <= _MATRIX:
        page.text("Each class on its own:")
    elif len(found) <= _ROWS:
        page.text("Each class on its own, the lowest F1 first:")
    else:
        page.text(f"The {_ROWS} classes of {len(found):,} with the lowest F1:")
    page.table(
        (
            "class",
            "test images (support)",
            "found (recall)",
            "right when said (precision)",
            "F1",
            "most taken for",
        ),
        (_class_row(one) for one in ordered[:_ROWS]),
    )
    page.text(f"Mean over the classes: F1 {percent(classes.macro_f1(found))}.")


def _class_row(one: ClassFigures) -> tuple[object, ...]:
    taken = "" if one.taken_for is None else f"{one.taken_for[0]} ({one.taken_for[1]:,})"
    return one.label, f"{one.support:,}", *map(_share, (one.recall, one.precision, one.f1)), taken


def _confidence(page: Page, run: Run, drawn: Mapping[str, bytes]) -> None:
    found = reliability(run.test.probabilities, run.splits.test.classes)
    page.heading("What its confidence is worth")
    page.text(
        "Test images by how sure the model is of them: on the diagonal it is right as often as it "
        "is sure. Below, how many images each bar stands for."
    )
    page.picture(drawn["reliability"], alt="accuracy against confidence, a reliability diagram")
    page.text(calibrated(found), tone=GOOD if found.ece <= CALIBRATED else BAD)


def _mistakes(page: Page, run: Run, cmap: str) -> None:
    probabilities, truths = run.test.probabilities, run.splits.test.classes
    worst = mistakes.surest_wrong(probabilities, truths, _MISTAKES)
    barely = mistakes.barely_right(probabilities, truths, _BARELY)
    page.heading("The worst mistakes")
    if len(worst):
        page.text(
            "Wrong, and surest of it: what the model says and how sure it is, the true class, and "
            "where the image is. A wrong label in the data shows here first."
        )
        page.sheet(_tiles(run, worst, BAD, cmap))
    else:
        page.text("There are none: every test image is classified rightly.", tone=GOOD)
    if len(barely):
        page.text("Right, but only just:")
        page.sheet(_tiles(run, barely, PLAIN, cmap))


def _tiles(
    run: Run, indices: NDArray[np.int64], tone: str, cmap: str
) -> Iterator[tuple[bytes, str, str]]:
    labels, test = run.contract.labels, run.splits.test
    for index in indices.tolist():
        row = run.test.probabilities[index]
        said, truth = int(row.argmax()), int(test.classes[index])
        words = f"{_brief(labels[said])} {100 * row[said]:.1f}\u00a0%"
        if said != truth:
            words += f"\nis {_brief(labels[truth])}"
        yield tiles.tile(test.tensors[index], cmap=cmap), words + _where(run, index), tone


def _where(run: Run, index: int) -> str:
    """A line that says where a test image is, below the data's folder; nothing where nobody knows."""
    if run.splits.judged is None:
        return ""
    where, root = run.splits.judged.where(index), f"{run.job.data.place}{os.sep}"
    where = where.removeprefix(root)
    return f"\n{where if len(where) <= _PLACE else f'…{where[1 - _PLACE :]}'}"


def _brief(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def _predictions(page: Page, run: Run, drawn: Mapping[str, bytes]) -> None:
    page.heading("Predictions")
    page.text(
        "Under each image: the predicted class, how sure the model is, and the true class in "
        "brackets. Blue is right, red is wrong; the bars are the probabilities of the classes."
    )
    height, width, channels = run.splits.test.tensors.shape[1:]
    page.picture(
        drawn["single"],
        alt="one test image and its probabilities",
        caption=f"A single image, given to the model as a batch of one: (1, {height}, {width}, "
        f"{channels}) in, (1, {len(run.contract.labels)}) out.",
    )
    if "wrong" in drawn:
        page.picture(
            drawn["wrong"],
            alt="the surest mistake and its probabilities",
            caption="The test image that it is surest of and gets wrong.",
        )
    page.picture(drawn["predictions"], alt="test images with their probabilities")


def _prediction(run: Run, index: int, probabilities: NDArray[np.float32], cmap: str) -> bytes:
    test = run.splits.test
    truth = int(test.classes[index])
    return plots.prediction(
        test.tensors[index], probabilities, run.contract.labels, truth, cmap=cmap
    )


def _share(share: float | None) -> str:
    # Not to be broken where names take the room.
    return "" if share is None else percent(share).replace(" ", "\u00a0")
