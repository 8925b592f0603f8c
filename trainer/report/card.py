"""MODEL_CARD.md: the model for those who are given it.

Headings as in Mitchell et al., Model Cards for Model Reporting (FAT* 2019), with the YAML head that
model hubs read. What only a person can know is marked, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.evaluate import confusion
from litescore.reliability import Reliability, reliability
from litescore.view import WHOLE
from trainer.images.catalog import TITLES
from trainer.report import classes, limits
from trainer.report.markdown import code, scalar, table, text, to_fill
from trainer.report.verdict import certainty, overfitting, overfitting_began, percent

if TYPE_CHECKING:
    # Running needs TensorFlow; telling of a run does not.
    from trainer.run import Run

_PAIRS = 10
# Classes whose figures are written out; of more the worst are.
_ROWS = 100

_RESIZES = {
    "squash": "squashed to {size}",
    "fit-shortest": "scaled to cover {size}, the middle cut out",
    "fit-longest": "scaled to lie within {size}, the rest filled with {padding}",
}
_INTERPOLATIONS = {
    "bilinear-antialias": "bilinear with antialiasing (Pillow's BILINEAR)",
    "bilinear": "bilinear without antialiasing",
}


def make(run: Run, facts: Mapping[str, Any]) -> str:
    """The card as Markdown. `facts` are those of run.json; what is not in them is left out."""
    blocks = [
        *_details(run, facts),
        *_use(run.contract.labels),
        *_data(facts),
        *_preprocessing(run.contract),
        *_procedure(run, facts),
        *_evaluation(run),
        *_limitations(run, facts),
        *_ethics(),
        *_how_to_use(),
        *_again(facts["command"]),
    ]
    title = f"# Model card: {text(_name(facts))}"
    return "\n\n".join([_head(run, facts), title, *blocks]) + "\n"


def _head(run: Run, facts: Mapping[str, Any]) -> str:
    found = classes.figures(run.contract.labels, _counts(run))
    metrics = {
        ("accuracy", "Accuracy"): run.test.accuracy,
        ("f1", "F1, mean over the classes"): classes.macro_f1(found),
        ("expected_calibration_error", "Expected calibration error"): _calibration(run).ece,
    }
    lines = [
        "---",
        "# To fill in: a licence, as `mit` or `cc-by-4.0`; that of the data may bind the model.",
        "license:",
        "library_name: keras",
        "pipeline_tag: image-classification",
        "tags:",
        *(f"- {tag}" for tag in ("image-classification", "keras", "litescore")),
        "metrics:",
        *("- accuracy", "- f1"),
        "model-index:",
        f"- name: {scalar(_name(facts))}",
        "  results:",
        "  - task:",
        "      type: image-classification",
        "    dataset:",
        f"      name: {scalar(_dataset(facts))}",
        f"      type: {scalar(facts['dataset'])}",
        "      split: test",
        "    metrics:",
    ]
    for (kind, name), value in metrics.items():
        lines += [f"    - type: {kind}", f"      name: {name}", f"      value: {value:.4f}"]
    return "\n".join([*lines, "---"])


def _details(run: Run, facts: Mapping[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    softmax = ", then Softmax" if run.job.recipe.architecture.logits else ""
    yield "## Model details"
    yield _items(
        {
            "What it does": f"puts an image into one of {len(run.contract.labels):,} classes",
            "Layers": f"{facts['layers']}{softmax}",
            "Parameters": f"{facts['parameters']:,}",
            "Input": f"uint8 pixels 0..255, {_size(run.contract)}, {run.contract.color}",
            "Output": f"a probability for each class ({run.contract.output})",
            "Made with": versions,
        }
    )
    yield to_fill("who made it and whom to ask, its version and date, its licence.")


def _use(labels: tuple[str, ...]) -> Iterator[str]:
    named = ", ".join(text(label) for label in labels[:_ROWS])
    more = f" and {len(labels) - _ROWS:,} more" if labels[_ROWS:] else ""
    yield "## Intended use"
    yield f"It tells these classes apart: {named}{more}."
    yield to_fill("what it is meant for and by whom it is used; what it must not be used for.")


def _data(facts: Mapping[str, Any]) -> Iterator[str]:
    counts, rule = facts["images"], facts["validation"]
    yield "## Training data"
    yield _items(
        {
            "Data set": _dataset(facts),
            "Origin": facts["data_origin"],
            "SHA-256 of the training images": facts["digest"],
            "Images": ", ".join(f"{count:,} {name}" for name, count in counts.items()),
        }
    )
    if rule["fraction"]:
        yield (
            f"Validation images are {percent(rule['fraction'])} of each class of the training "
            f"images, drawn with seed {rule['seed']}."
        )
    elif counts["validation"]:
        yield "Validation images are a part of its own of the data set."
    if facts.get("warnings"):
        yield "Found when the data was looked at:"
        yield "\n".join(f"- data: {text(warning)}" for warning in facts["warnings"])
    yield to_fill("how the images were taken and labelled, by whom, and with what right.")


def _preprocessing(contract: Contract) -> Iterator[str]:
    resize = _RESIZES[contract.resize].format(size=_size(contract), padding=contract.padding)
    yield "## Preprocessing"
    view = "" if contract.view == WHOLE else f"Of each picture it sees {text(contract.view)}. "
    yield (
        f"{view}A picture is made {contract.color}, {resize}, {_INTERPOLATIONS[contract.interpolation]}. "
        "Pixels stay 0..255: the model scales them itself. `contract.json` says the same to "
        "programs, and training saw the very pixels that litescore makes when it scores."
    )


def _procedure(run: Run, facts: Mapping[str, Any]) -> Iterator[str]:
    moved = run.job.recipe.optimization
    decay = f", weight decay {moved.decay:g}" if moved.decay else ""
    yield "## Training procedure"
    yield _items(
        {
            "Epochs": f"{facts['epochs']} of at most {facts['most_epochs']}; the weights of epoch "
            f"{facts['best_epoch']} are kept",
            "Batch": f"{facts['batch']} images",
            "Optimizer": f"{moved.optimizer}, learning rate {moved.rate:g}, {moved.schedule}{decay}",
            **({"Label smoothing": f"{moved.smoothing:g}"} if moved.smoothing else {}),
            **({"Averaged weights": f"decay {moved.average:g} a step"} if moved.average else {}),
            **({"Class weights": "each class counts as much"} if moved.balanced else {}),
            "Augmentation": ", ".join(run.augment) or "none",
            "Seed": run.job.seed,
            "Time": f"{facts['train_seconds']:,.1f} s"
            + (f" on {facts['machine']}" if "machine" in facts else ""),
        }
    )


def _evaluation(run: Run) -> Iterator[str]:
    counts = _counts(run)
    found = classes.figures(run.contract.labels, counts)
    yield "## Evaluation"
    yield table(
        ("on the test images", ""),
        (
            ("accuracy", percent(run.test.accuracy)),
            ("loss (cross-entropy)", f"{run.test.loss:.4f}"),
            ("F1, mean over the classes", percent(classes.macro_f1(found))),
            ("expected calibration error", percent(_calibration(run).ece)),
            ("accuracy on the training images", percent(run.train.accuracy)),
        ),
    )
    yield certainty(run)
    yield from _class_table(found)
    pairs = list(classes.pairs(run.contract.labels, counts, _PAIRS))
    if pairs:
        yield "The classes that are confused most often:"
        yield table(
            ("true class → taken for", "images", "of the class"),
            ((f"{one.truth} → {one.said}", f"{one.count:,}", percent(one.share)) for one in pairs),
        )


def _class_table(found: tuple[classes.ClassFigures, ...]) -> Iterator[str]:
    if len(found) > _ROWS:
        yield f"The {_ROWS} classes of {len(found):,} with the lowest F1:"
    ordered = classes.worst_first(found)[:_ROWS] if len(found) > _ROWS else found
    yield table(
        ("class", "test images", "recall", "precision", "F1"),
        (
            (
                one.label,
                f"{one.support:,}",
                *("" if v is None else percent(v) for v in (one.recall, one.precision, one.f1)),
            )
            for one in ordered
        ),
    )


def _limitations(run: Run, facts: Mapping[str, Any]) -> Iterator[str]:
    yield "## Limitations"
    told = [*limits.found(run, facts), overfitting(run), overfitting_began(run)]
    yield "\n".join(f"- {text(one)}" for one in told if one)
    yield to_fill("what else is known to go wrong: light, cameras, backgrounds, groups of people.")


def _ethics() -> Iterator[str]:
    yield "## Ethical considerations"
    yield to_fill("whom a wrong answer harms, and what is done about it; people in the pictures.")


def _how_to_use() -> Iterator[str]:
    yield "## How to use"
    yield "In the folder that holds this run's folder, here called `run`:"
    yield code(
        "pip install 'litescore[train]'\n"
        "litescore export run --quantize int8 --out model.tflite\n"
        "litescore score photo.jpg --model model.tflite"
    )


def _again(command: str) -> Iterator[str]:
    yield "## How to reproduce"
    yield "With the same data and versions, on the same machine, this gives the same weights:"
    yield code(command)


def _items(facts: Mapping[str, object]) -> str:
    return "\n".join(f"- **{name}:** {text(value)}" for name, value in facts.items())


def _name(facts: Mapping[str, Any]) -> str:
    return str(facts["preset"] or f"{facts['model']} on {facts['dataset']}")


def _dataset(facts: Mapping[str, Any]) -> str:
    return str(TITLES.get(facts["dataset"], facts["dataset"]))


def _size(contract: Contract) -> str:
    return f"{contract.width} x {contract.height}"


def _counts(run: Run) -> NDArray[np.int64]:
    return confusion(run.test.predicted, run.splits.test.classes, len(run.contract.labels))


def _calibration(run: Run) -> Reliability:
    return reliability(run.test.probabilities, run.splits.test.classes)
