"""report.html of a training run: the data, the training, what it makes of images never seen.

Knows the order of things on the page; how pictures are drawn is in `trainer.report.plots`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.evaluate import confusion
from litescore.page import BAD, GOOD, Page
from trainer.fitting.history import Epoch
from trainer.images.catalog import TITLES
from trainer.report import plots
from trainer.report.verdict import comparison, few, overfitting, percent
from trainer.run import Run, predict_one

_SAMPLES, _GRID = 25, 15


def make(run: Run, facts: Mapping[str, Any]) -> tuple[Page, dict[str, bytes]]:
    """The page, and its pictures by name for those who want them singly."""
    pictures = _pictures(run)
    page = Page(f"{run.job.recipe.name}: {percent(run.test.accuracy)} on images never seen")
    softmax = ", then Softmax" if run.job.recipe.architecture.logits else ""
    page.lead = f"{TITLES.get(facts['dataset'], facts['dataset'])}. {facts['layers']}{softmax}."
    _summary(page, run, facts)
    _data(page, run, facts, pictures)
    _training(page, run, pictures)
    _judgement(page, run)
    _predictions(page, run, pictures)
    _again(page, run, facts)
    return page, pictures


def _pictures(run: Run) -> dict[str, bytes]:
    labels, train, test = run.contract.labels, run.splits.train, run.splits.test
    samples, shown = few(train, _SAMPLES), few(test, _GRID)
    cmap = plots.shades(train.tensors[samples])
    names = [labels[number] for number in train.classes[samples]]
    pictures = {
        "samples": plots.sample_grid(train.tensors[samples], names, cmap=cmap),
        "one-image": plots.one_image(train.tensors[samples[0]], names[0], cmap=cmap),
        "curves": plots.curves(run.fitted.epochs, run.fitted.best),
        "predictions": plots.prediction_grid(
            test.tensors[shown],
            run.test.probabilities[shown],
            labels,
            test.classes[shown],
            cmap=cmap,
        ),
        "single": _prediction(run, int(shown[0]), predict_one(run, int(shown[0]))[0], cmap),
    }
    wrong = np.flatnonzero(run.test.predicted != test.classes)
    if len(wrong):
        pictures["wrong"] = _prediction(run, int(wrong[0]), run.test.probabilities[wrong[0]], cmap)
    return pictures


def _summary(page: Page, run: Run, facts: Mapping[str, Any]) -> None:
    tutorial = run.job.recipe.tutorial
    page.facts(
        {
            "test accuracy": percent(run.test.accuracy),
            "training accuracy": percent(run.train.accuracy),
            **({f"tutorial, {tutorial.split}": tutorial.figure} if tutorial else {}),
            "trained in": f"{facts['train_seconds']:.1f} s",
            "images a second": f"{facts['images_per_second']:,}",
            "parameters": f"{facts['parameters']:,}",
        }
    )
    words = comparison(run)
    if words:
        page.text(f"{words[0].upper()}{words[1:]}.")


def _data(page: Page, run: Run, facts: Mapping[str, Any], pictures: Mapping[str, bytes]) -> None:
    page.heading("The data")
    page.text(f"Origin: {facts['data_origin']}. SHA-256 {facts['digest'][:16]}.")
    page.text(f"{run.splits}. Pixels are 0 to 255; the model divides them itself.")
    page.table(("images", *run.contract.labels), _counts(run))
    page.picture(
        pictures["samples"], alt="training images", caption="Training images with their classes."
    )
    page.picture(
        pictures["one-image"], alt="one training image", caption="One of them, with its values."
    )


def _training(page: Page, run: Run, pictures: Mapping[str, bytes]) -> None:
    fitted, classes = run.fitted, len(run.contract.labels)
    page.heading("The training")
    page.text(
        f"Before training the loss is {run.untrained:.3f}; guessing among {classes} classes by "
        f"chance makes -ln(1/{classes}) = {math.log(classes):.3f}."
    )
    page.picture(pictures["curves"], alt="loss and accuracy at each epoch")
    page.text(_kept(run))
    page.table(
        ("epoch", "loss", "accuracy", "validation loss", "validation accuracy"),
        (_epoch_row(epoch) for epoch in fitted.epochs),
    )
    page.text(overfitting(run), tone=BAD if run.overfits else GOOD)


def _kept(run: Run) -> str:
    fitted, most = run.fitted, run.job.recipe.epochs
    ended = len(fitted.epochs)
    kept = f"The weights of epoch {fitted.best} are kept, where the loss was lowest."
    return f"Stopped by itself after epoch {ended} of {most}. {kept}" if ended < most else kept


def _judgement(page: Page, run: Run) -> None:
    labels, test = run.contract.labels, run.splits.test
    counts = confusion(run.test.predicted, test.classes, len(labels))
    page.heading("On images never seen")
    page.text("Rows are true classes, columns what the model says; the diagonal is right.")
    page.confusion(labels, counts.tolist())
    page.text("Each class on its own:")
    page.table(
        ("class", "images", "found (recall)", "right when said (precision)", "most taken for"),
        _class_rows(labels, counts),
    )


def _predictions(page: Page, run: Run, pictures: Mapping[str, bytes]) -> None:
    page.heading("Predictions")
    page.text(
        "Under each image: the predicted class, how sure the model is, and the true class in "
        "brackets. Blue is right, red is wrong; the bars are the probabilities of the classes."
    )
    height, width, channels = run.splits.test.tensors.shape[1:]
    page.picture(
        pictures["single"],
        alt="one test image and its probabilities",
        caption=f"A single image, given to the model as a batch of one: (1, {height}, {width}, "
        f"{channels}) in, (1, {len(run.contract.labels)}) out.",
    )
    if "wrong" in pictures:
        page.picture(
            pictures["wrong"],
            alt="the first test image predicted wrong",
            caption="The first test image that it gets wrong.",
        )
    page.picture(pictures["predictions"], alt="test images with their probabilities")


def _again(page: Page, run: Run, facts: Mapping[str, Any]) -> None:
    page.heading("Again")
    page.text("The same command with the same data gives the same weights on the same machine.")
    page.code(facts["command"].replace(" --", " \\\n  --"))
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    page.text(f"Made with {versions}; seed {run.job.seed}.")


def _prediction(run: Run, index: int, probabilities: NDArray[np.float32], cmap: str) -> bytes:
    test = run.splits.test
    truth = int(test.classes[index])
    return plots.prediction(
        test.tensors[index], probabilities, run.contract.labels, truth, cmap=cmap
    )


def _counts(run: Run) -> Iterator[tuple[str, ...]]:
    parts, size = run.splits, len(run.contract.labels)
    named = {"training": parts.train, "validation": parts.validation, "test": parts.test}
    for name, part in named.items():
        if part:
            counts = np.bincount(part.classes, minlength=size)
            yield name, *(f"{count:,}" for count in counts)


def _epoch_row(epoch: Epoch) -> tuple[object, ...]:
    row = (epoch.number, f"{epoch.loss:.4f}", percent(epoch.accuracy))
    if epoch.val_loss is None or epoch.val_accuracy is None:
        return (*row, "", "")
    return (*row, f"{epoch.val_loss:.4f}", percent(epoch.val_accuracy))


def _class_rows(labels: Sequence[str], counts: NDArray[np.int64]) -> Iterator[tuple[object, ...]]:
    totals, said = counts.sum(axis=1), counts.sum(axis=0)
    for number, label in enumerate(labels):
        hits, others = counts[number, number], counts[number].copy()
        others[number] = 0
        mistaken = f"{labels[others.argmax()]} ({others.max()})" if others.any() else ""
        yield (
            label,
            totals[number],
            _share(hits, totals[number]),
            _share(hits, said[number]),
            mistaken,
        )


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole else ""
