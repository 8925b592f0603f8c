"""From records back to probabilities, so that every reader's answers meet in one `compare()`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np

from litescore.record import Record
from litescore.scorer import Probabilities


def readings(records: Iterable[Record], labels: Sequence[str]) -> Probabilities:
    """float32[n, classes] in the order of the images' file names.

    The records must be scored ones that list every label in `top`.
    """
    ordered = sorted(records, key=lambda record: PurePosixPath(record.source).name)
    scores = [{best["label"]: best["score"] for best in record.top} for record in ordered]
    return np.array([[one[label] for label in labels] for one in scores], np.float32)
