"""What the tests of the cache share, light enough for the processes that they start.

`python -m tests.trainer.cached FOLDER CACHE [FEW]` decodes a folder as HELD has it, in processes from
FEW pictures on: after each lot it says how many are done, and waits for a line.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from litescore import dataset
from litescore.contract import Contract
from litescore.dataset import Dataset
from trainer.images import cache, workers

HELD = Contract(("blue", "red"), "rgb", 24, 20, jpeg="scaled")


def said_of(data: Dataset, root: Path) -> list[str]:
    """What is said while all of them are had, right."""
    said: list[str] = []
    held = cache.tensors(data, HELD, root=root, say=said.append)
    np.testing.assert_array_equal(held, data.tensors(HELD))
    return said


def pixels_of(root: Path) -> Path:
    """The file of the only entry."""
    (path,) = root.glob("*/*/pixels.npy")
    return path


def _step(doing: str, done: int, _of: int) -> None:
    if doing == "decoding":
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    folder, root, *few = sys.argv[1:]
    workers.FEW = int(*few or [workers.FEW])
    cache.tensors(dataset.load(folder, "all"), HELD, root=Path(root), watch=_step)
