"""Small pictures that can be told apart, and the command run on them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.rig import warm
from trainer.images.slice import write_idx

_GROUNDS = {"red": (200, 40, 40), "blue": (40, 60, 200)}


@dataclass(frozen=True)
class Said:
    """What a command answered, and the folder it was to write."""

    out: Path
    code: int
    stdout: str
    stderr: str


def train(*words: str, out: Path, **variables: str) -> Said:
    """`litescore train WORDS... --out OUT` in a process of its own."""
    command = [sys.executable, "-m", "litescore", "train", *words, "--out", str(out)]
    environ = os.environ | variables
    done = subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return Said(out, done.returncode, done.stdout, done.stderr)


def train_here(words: list[str], variables: dict[str, str]) -> warm.Said:
    """The same where TensorFlow is loaded already: for `tensorflow(train_here, ...)`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        return warm.litescore("train", *words)


def photograph(color: str, number: int, size: tuple[int, int] | None = None) -> Image.Image:
    """A noisy RGB picture of one ground colour; its size (width, height) is its own."""
    generator = np.random.default_rng(number)
    width, height = size or generator.integers(12, 40, 2).tolist()
    noise = generator.normal(_GROUNDS[color], 30, (height, width, 3))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


def write_folder(
    root: Path, counts: dict[str, int], *, size: tuple[int, int] | None = None, first: int = 0
) -> Path:
    """`root/<color>/<number>.png`: so many photographs of each colour."""
    for color, count in counts.items():
        (root / color).mkdir(parents=True)
        for number in range(first, first + count):
            photograph(color, number, size).save(root / color / f"{number}.png")
    return root


def write_idx_set(root: Path, *, train: int = 20, test: int = 10, seed: int = 0) -> Path:
    """A data set of IDX files, 6 x 6 noise in two classes."""
    generator = np.random.default_rng(seed)
    for prefix, count in (("train", train), ("t10k", test)):
        pixels: NDArray[Any] = generator.integers(0, 256, (count, 6, 6)).astype(np.uint8)
        write_idx(root / f"{prefix}-images-idx3-ubyte.gz", pixels)
        write_idx(root / f"{prefix}-labels-idx1-ubyte.gz", (np.arange(count) % 2).astype(np.uint8))
    return root
