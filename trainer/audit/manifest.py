"""A manifest of what is left once the worst is taken out. No file of the data set is touched."""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from litescore.dataset import Dataset
from litescore.errors import UsageError
from litescore.files import write_whole
from litescore.store.s3 import is_s3
from trainer.audit.near import Pairs
from trainer.audit.seen import Seen
from trainer.audit.whole import Audit

FORMS = (".csv", ".jsonl")


@dataclass(frozen=True)
class Kept:
    """Numbers of the images that stay, and how many went for which reason."""

    numbers: tuple[int, ...]
    dropped: dict[str, int]


def keep(audit: Audit, *, near: bool = True) -> Kept:
    """Which images stay. Of a picture that is there more than once one stays, in test before
    validation before training; of one under two labels none. `near`: those that only look alike
    stay, too.
    """
    why: dict[int, str] = {
        number: "unreadable" for number, one in enumerate(audit.seen) if not isinstance(one, Seen)
    }
    relations = [(audit.exact, "")] + ([] if near else [(audit.near, "near ")])
    for pairs, prefix in relations:
        _drop(audit, pairs, why, prefix)
    numbers = tuple(number for number in range(len(audit)) if number not in why)
    return Kept(numbers, dict(Counter(why.values())))


def _drop(audit: Audit, pairs: Pairs, why: dict[int, str], prefix: str) -> None:
    labels = audit.classes[pairs[:, 0]] != audit.classes[pairs[:, 1]]
    present = np.array([a not in why and b not in why for a, b in pairs.tolist()], bool)
    for number in np.unique(pairs[labels & present]).tolist():
        why[number] = f"{prefix}conflict"
    beside = defaultdict(list)
    for one, other in pairs.tolist():
        beside[one].append(other)
        beside[other].append(one)
    kept: set[int] = set()
    for number in sorted(beside, key=lambda number: (-audit.ranks[number], number)):
        if number in why:
            continue
        twin = next((other for other in beside[number] if other in kept), None)
        if twin is None:
            kept.add(number)
        else:
            leaks = audit.ranks[twin] != audit.ranks[number]
            why[number] = f"{prefix}leak" if leaks else f"{prefix}duplicate"


def check(path: Path, data: Dataset) -> None:
    """Raises UsageError for a name of another form, and for images that have no path of their own."""
    if path.suffix not in FORMS:
        raise UsageError(f"{path} is no manifest: name it {' or '.join(f'*{s}' for s in FORMS)}")
    if isinstance(data.images, np.ndarray):
        raise UsageError("arrays have no paths that a manifest could name: leave out --manifest")
    if data.images[0].span is not None:
        raise UsageError(
            f"{data.where(0)} is inside of an archive, which a manifest cannot name: unpack it"
        )


def write(audit: Audit, kept: Kept, path: Path) -> Path:
    """Write `path, label, split` of each image that stays, as CSV or JSON lines by the name.

    Paths are below the manifest's folder where the images are, else absolute.
    """
    folder = path.absolute().parent
    rows = [
        (_path(audit.where(number), folder), audit.label(number), audit.split(number))
        for number in kept.numbers
    ]
    text = io.StringIO(newline="")
    if path.suffix == ".csv":
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("path", "label", "split"))
        writer.writerows(rows)
    else:
        for row in rows:
            line = dict(zip(("path", "label", "split"), row, strict=True))
            text.write(f"{json.dumps(line, ensure_ascii=False)}\n")
    return write_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))


def _path(where: str, folder: Path) -> str:
    if is_s3(where):
        return where
    path = Path(os.path.abspath(where))  # noqa: PTH100 - a link stays a link
    below = path.relative_to(folder) if path.is_relative_to(folder) else path
    return below.as_posix()
