"""Finished runs without a training: what a report needs to know of one.

A stand-in for keras' model is enough, since a report only asks it for one batch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.dataset import Dataset

# Names that folders may have.
EVIL = (
    "<script>alert(1)</script>",
    "a|b *c* _d_ `e` [f](g) $h$ ~~i~~ &amp; \\",
    "two\nlines\r\nand\u2028more",
    "😀 👩\u200d🔬 日本語",
    "quote \" and ' and: # - {}",
    "\x00\x85\u202eturned",
    "not text \udcff",
    "---",
    "12.",
)


def judged(count: int, labels: tuple[str, ...] | None = None) -> tuple[Any, dict[str, Any]]:
    """A Run of `count` classes and its facts: the last class is rare and never found."""
    from trainer.fitting.history import Epoch, Fitted
    from trainer.images.catalog import Found
    from trainer.images.splits import Splits
    from trainer.plan import Job
    from trainer.presets import find_model
    from trainer.run import Measured, Run

    names = labels or tuple(f"class {number}" for number in range(count))
    train = np.repeat(np.arange(count), [10] * (count - 1) + [1])
    test = np.repeat(np.arange(count), 2)
    said = np.where(test == count - 1, 0, test)
    rows: NDArray[np.float32] = np.full((len(test), count), 0.3 / count, np.float32)
    rows[np.arange(len(test)), said] += np.float32(0.7)
    files = tuple(Path("pictures") / "test" / f"{number}.png" for number in range(len(test)))
    judged = Dataset("pictures", "test", names, test, files)
    contract = Contract(names, "rgb", 8, 8)
    parts = Splits(
        judged, contract, _examples(train), None, _examples(test), own=False, judged=judged
    )
    epochs = tuple(Epoch(number, 1 / number, 0.5) for number in (1, 2, 3))
    accuracy = float((said == test).mean())
    measured = Measured(0.5, accuracy, rows)
    job = Job(find_model("cnn"), Found(Path("pictures"), "pictures, named by --data"), Path("run"))
    model = lambda batch, training: np.full((len(batch), count), 1 / count, np.float32)  # noqa: E731
    run = Run(job, parts, model, 2.3, Fitted(epochs, 3, 1.5), measured, measured)
    return run, _facts(parts)


def _examples(classes: NDArray[np.int64]) -> Any:
    from trainer.images.splits import Examples

    shades = (np.arange(len(classes)) * 37 % 256).astype(np.uint8)
    return Examples(np.broadcast_to(shades[:, None, None, None], (len(classes), 8, 8, 3)), classes)


def _facts(parts: Any) -> dict[str, Any]:
    return {
        "preset": None,
        "model": "cnn",
        "layers": "Residual convolutions, Dense logits",
        "parameters": 1000,
        "data_origin": "pictures, named by --data",
        "dataset": "pictures",
        "digest": "0" * 64,
        "images": {"train": len(parts.train), "validation": 0, "test": len(parts.test)},
        "validation": {"fraction": 0.0, "seed": 0},
        "epochs": 3,
        "most_epochs": 3,
        "best_epoch": 3,
        "batch": 32,
        "train_seconds": 1.5,
        "images_per_second": 100,
        "versions": {"litescore": "0"},
        "command": "litescore train --model cnn --data pictures",
    }
