"""RUN, the folder that a training leaves: what other rooms read, written file by file, each whole.

model.keras     pixels 0..255 to probabilities, not compiled
contract.json   labels, colour, size, origin (litescore.contract)
history.csv     epoch, loss, accuracy, val_loss, val_accuracy, rate
run.json        what was trained on what, and what came of it
report.html     all of it for people
plots/          the report's pictures as PNG files
MODEL_CARD.md   the model in the field's standard form, for those who are given it
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from litescore import __version__
from litescore.contract import Contract
from litescore.files import write_whole
from litescore.reliability import reliability
from trainer import again
from trainer.backend import keras, tf
from trainer.fitting import checkpoints
from trainer.fitting.history import Epoch
from trainer.report import card
from trainer.report import page as report
from trainer.run import Run

_HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "rate")


def write(run: Run) -> dict[str, Any]:
    """Write RUN where its job says, and remove its checkpoint; the facts of its run.json.

    Raises ConfigurationError naming the file that cannot be written.
    """
    out, facts = run.job.out, describe(run)
    page, plots = report.make(run, facts)
    text = card.make(run, facts)
    write_whole(out / "model.keras", _archive(run.model))
    write_whole(out / "contract.json", _contract(run, facts).to_json().encode())
    write_whole(out / "history.csv", _history(run.fitted.epochs).encode())
    for name, png in plots.items():
        write_whole(out / "plots" / f"{name}.png", png)
    page.write(out / "report.html")
    write_whole(out / "MODEL_CARD.md", text.encode())
    write_whole(out / "run.json", (json.dumps(facts, indent=2) + "\n").encode())
    checkpoints.clear(out)
    return facts


def describe(run: Run) -> dict[str, Any]:
    """Everything about the run that has a number or a name. Accuracies are 0..1."""
    job, fitted, parts = run.job, run.fitted, run.splits
    recipe = job.recipe
    watched = parts.validation
    return {
        "preset": recipe.name if recipe.dataset else None,
        "model": recipe.architecture.kind,
        "layers": recipe.architecture.describe(len(run.contract.labels)),
        "parameters": run.model.count_params(),
        "data": job.data.place,
        "data_origin": job.data.origin,
        "shipped_slice": job.data.shipped,
        "dataset": parts.source.name,
        "digest": parts.digest(),
        "warnings": list(run.warnings),
        "view": run.contract.view.to_json(),
        "images": {
            "train": len(parts.train),
            "validation": len(watched) if watched else 0,
            "test": len(parts.test),
        },
        "validation": {
            "fraction": 0.0 if parts.own or not watched else recipe.validation,
            "seed": job.seed,
        },
        "seed": job.seed,
        "batch": recipe.batch,
        "epochs": len(fitted.epochs),
        "most_epochs": recipe.epochs,
        "patience": recipe.patience,
        "optimization": asdict(recipe.optimization),
        "augment": list(run.augment),
        "best_epoch": fitted.best,
        "untrained_loss": run.untrained,
        "train_accuracy": run.train.accuracy,
        "validation_accuracy": fitted.epochs[fitted.best - 1].val_accuracy,
        "test_loss": run.test.loss,
        "test_accuracy": run.test.accuracy,
        "calibration_error": reliability(run.test.probabilities, parts.test.classes).ece,
        "overfits": run.overfits,
        "tutorial": asdict(recipe.tutorial) if recipe.tutorial else None,
        "train_seconds": round(fitted.seconds, 3),
        "images_per_second": round(run.images_per_second),
        "machine": _machine(),
        "versions": _versions(),
        "command": again.command(job),
    }


def _contract(run: Run, facts: dict[str, Any]) -> Contract:
    kept = ("dataset", "digest", "preset", "model", "seed")
    versions = {name: facts["versions"][name] for name in ("litescore", "tensorflow")}
    return replace(run.contract, origin={name: facts[name] for name in kept} | versions)


def _archive(model: Any) -> bytes:
    """The .keras archive of a model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def _history(epochs: tuple[Epoch, ...]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_HISTORY)
    # csv writes None, where there was no validation, as an empty field.
    lines.writerows(
        (e.number, e.loss, e.accuracy, e.val_loss, e.val_accuracy, e.rate) for e in epochs
    )
    return text.getvalue()


def _machine() -> str:
    return f"{platform.system()} {platform.machine()} with {os.cpu_count()} cores"


def _versions() -> dict[str, str]:
    return {
        "litescore": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
    }
