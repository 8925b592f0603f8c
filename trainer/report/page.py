"""report.html of a training run: the data, the training, what it makes of images never seen.

Knows the order of things on the page and what is told of the data and the training; the images
never seen are in `trainer.report.judgement`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from litescore.page import BAD, GOOD, Page
from trainer.fitting import augment, schedule
from trainer.fitting.history import Epoch
from trainer.images.catalog import TITLES
from trainer.report import curves, judgement, plots, tiles, verdict
from trainer.report.verdict import comparison, few, overfitting, percent
from trainer.run import Run

_SAMPLES = 25
# Images, and how often each is shown augmented.
_AUGMENTED, _TIMES = 4, 6
# Rows of a chart that a reader still takes in; of more classes the rarest and the largest are told.
_BARS = 40


def make(run: Run, facts: Mapping[str, Any]) -> tuple[Page, dict[str, bytes]]:
    """The page, and its pictures by name for those who want them singly."""
    samples = few(run.splits.train, _SAMPLES)
    cmap = plots.shades(run.splits.train.tensors[samples])
    pictures = _pictures(run, cmap) | judgement.pictures(run, cmap)
    page = Page(f"{run.job.recipe.name}: {percent(run.test.accuracy)} on images never seen")
    softmax = ", then Softmax" if run.job.recipe.architecture.logits else ""
    page.lead = f"{TITLES.get(facts['dataset'], facts['dataset'])}. {facts['layers']}{softmax}."
    _summary(page, run, facts)
    _data(page, run, facts, pictures)
    _training(page, run, pictures)
    judgement.add(page, run, pictures, cmap)
    _again(page, run, facts)
    return page, pictures


def _pictures(run: Run, cmap: str) -> dict[str, bytes]:
    labels, train, fitted = run.contract.labels, run.splits.train, run.fitted
    samples = few(train, _SAMPLES)
    tensors, names = train.tensors[samples], [labels[i] for i in train.classes[samples]]
    drawn = {
        "samples": plots.sample_grid(tensors, names, cmap=cmap),
        "one-image": plots.one_image(tensors[0], names[0], cmap=cmap),
        "curves": curves.curves(fitted.epochs, fitted.best, verdict.began(fitted.epochs)),
    }
    if run.augment:
        chosen = tensors[:_AUGMENTED]
        seen = [augment.apply(chosen, run.augment, seed=seed) for seed in range(_TIMES)]
        drawn["augmented"] = tiles.before_and_after(chosen, seen, cmap=cmap)
    rate = _learning_rate(run)
    return drawn | ({"learning-rate": rate} if rate else {})


def _learning_rate(run: Run) -> bytes | None:
    """Where a schedule runs; not where a backbone's second stage has a rate of its own."""
    chosen, recipe = run.job.recipe.optimization, run.job.recipe
    if chosen.schedule == "constant" or chosen.frozen:
        return None
    steps = -(-len(run.splits.train) // recipe.batch)
    rates = schedule.rates(chosen, recipe.epochs * steps)
    return curves.learning_rate(rates[: len(run.fitted.epochs) * steps], steps)


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
    page.text(verdict.certainty(run))


def _data(page: Page, run: Run, facts: Mapping[str, Any], pictures: Mapping[str, bytes]) -> None:
    page.heading("The data")
    page.text(f"Origin: {facts['data_origin']}. SHA-256 {facts['digest'][:16]}.")
    page.text(f"{run.splits}. Pixels are 0 to 255; the model divides them itself.")
    for warning in facts.get("warnings", ()):
        page.text(warning, tone=BAD)
    _counts(page, run)
    page.picture(
        pictures["samples"], alt="training images", caption="Training images with their classes."
    )
    page.picture(
        pictures["one-image"], alt="one training image", caption="One of them, with its values."
    )
    if "augmented" in pictures:
        page.picture(
            pictures["augmented"],
            alt="training images as they are, and as the model saw them",
            caption="At the left training images as they are, beside them what the model may have "
            f"seen instead: {', '.join(run.augment)}. Validation and test images are left alone.",
        )


def _counts(page: Page, run: Run) -> None:
    rows = list(_count_rows(run))
    parts = run.splits
    names = ("training", *["validation"][: parts.validation is not None], "test")
    if len(rows) > _BARS:
        half = _BARS // 2
        rows = sorted(rows, key=lambda row: row[1][0])
        page.text(f"The {half} classes with the fewest training images, then the {half} with most:")
        rows = rows[:half] + rows[-half:]
    page.bars(("class", *(f"{name} images" for name in names)), rows)
    words = verdict.imbalanced(run)
    if words:
        page.text(words, tone=BAD)
    unseen = verdict.untested(run)
    if unseen:
        page.text(unseen, tone=BAD)


def _count_rows(run: Run) -> Iterator[tuple[str, Sequence[int]]]:
    parts, labels = run.splits, run.contract.labels
    held = [part for part in (parts.train, parts.validation, parts.test) if part is not None]
    columns = [np.bincount(part.classes, minlength=len(labels)).tolist() for part in held]
    for label, *counts in zip(labels, *columns, strict=True):
        yield label, counts


def _training(page: Page, run: Run, pictures: Mapping[str, bytes]) -> None:
    fitted, classes = run.fitted, len(run.contract.labels)
    page.heading("The training")
    page.text(
        f"Before training the loss is {run.untrained:.3f}; guessing among {classes} classes by "
        f"chance makes -ln(1/{classes}) = {math.log(classes):.3f}."
    )
    page.picture(pictures["curves"], alt="loss and accuracy at each epoch")
    began = verdict.overfitting_began(run)
    if began:
        page.text(began, tone=BAD)
    page.text(overfitting(run), tone=BAD if run.overfits else GOOD)
    page.text(verdict.kept(run))
    if "learning-rate" in pictures:
        page.picture(pictures["learning-rate"], alt="the learning rate over the epochs")
    page.table(
        ("epoch", "loss", "accuracy", "validation loss", "validation accuracy"),
        (_epoch_row(epoch) for epoch in fitted.epochs),
    )


def _again(page: Page, run: Run, facts: Mapping[str, Any]) -> None:
    page.heading("Again")
    page.text("The same command with the same data gives the same weights on the same machine.")
    page.code(facts["command"].replace(" --", " \\\n  --"))
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    machine = f", on {facts['machine']}" if "machine" in facts else ""
    page.text(f"Made with {versions}{machine}; seed {run.job.seed}.")


def _epoch_row(epoch: Epoch) -> tuple[object, ...]:
    row = (epoch.number, f"{epoch.loss:.4f}", percent(epoch.accuracy))
    if epoch.val_loss is None or epoch.val_accuracy is None:
        return (*row, "", "")
    return (*row, f"{epoch.val_loss:.4f}", percent(epoch.val_accuracy))
