"""The report of an export: what the file is, what it lost, and which images it sees differently."""

from __future__ import annotations

from pathlib import Path

from export.job import Exported
from export.proof import Reading
from litescore import image
from litescore.evaluate import confusion
from litescore.page import BAD, Page

_MOST_PICTURES = 40


def write(exported: Exported, path: Path) -> Path:
    """Write the page; its path, for printing."""
    contract = exported.contract
    page = Page(
        f"Export: {exported.path.name}",
        f"{contract.variant}, {exported.size:,} bytes, proven on {len(exported.test):,} test images",
    )
    page.facts(
        {
            "variant": contract.variant,
            "size": f"{exported.size / 1000:,.1f} kB",
            "Keras": f"{exported.keras_accuracy:.2%}",
            "drop": f"{exported.drop:+.2f} points",
        }
    )
    page.heading("Through each runtime")
    page.table(
        ("runtime", "accuracy", "same top-1 as Keras", "ties left out", "farthest probability"),
        [_row(reading) for reading in exported.readings],
    )
    best = next(r for r in exported.readings if r.probabilities is not None)
    if best.probabilities is not None and best.comparison is not None:
        classes = exported.test.classes_for(contract.labels)
        page.heading("Confusion matrix of the file")
        counts = confusion(best.probabilities.argmax(axis=1), classes, len(contract.labels))
        page.confusion(contract.labels, counts.tolist())
        page.heading("Where the file and Keras differ")
        differing = best.comparison.differing
        page.text(f"{len(differing)} of {len(exported.test):,} images, ties aside.")
        page.sheet([_picture(exported, best, index) for index in differing[:_MOST_PICTURES]])
    return page.write(path)


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


def _picture(exported: Exported, reading: Reading, index: int) -> tuple[bytes, str, str]:
    labels = exported.contract.labels
    assert reading.probabilities is not None
    keras = labels[int(exported.keras[index].argmax())]
    ours = labels[int(reading.probabilities[index].argmax())]
    png = image.encode_png(image.fit(exported.test.pixels(index), exported.contract))
    return png, f"{ours}, Keras: {keras}", BAD
