"""Small colour pictures in three classes that can be told apart, though not always."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LABELS = ("brick", "grass", "water")
_GROUNDS = {"brick": (170, 90, 70), "grass": (90, 150, 60), "water": (60, 110, 170)}
COUNT = 24


def write(
    root: Path,
    *,
    size: tuple[int, int] | None,
    labels: tuple[str, ...] = LABELS,
    mode: str = "RGB",
    count: int = COUNT,
) -> Path:
    """`root/<label>/<number>.png`, and `labels.txt` beside `root`; without a size each has its own."""
    for label in labels:
        (root / label).mkdir(parents=True)
        for number in range(count):
            picture = Image.fromarray(texture(label, number, size)).convert(mode)
            picture.save(root / label / f"{number:02}.png")
    (root.parent / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    return root


def texture(label: str, number: int, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """uint8[height, width, 3]: stripes over the class's ground colour, and noise."""
    generator = np.random.default_rng([LABELS.index(label), number])
    height, width = size or generator.integers(40, 90, 2).tolist()
    across = np.arange(width) * generator.uniform(0.2, 1.5)
    stripes = 40 * np.sin(across + generator.uniform(0, 6))[None, :, None]
    noise = generator.normal(0, 25, (height, width, 3)) + generator.normal(0, 25, 3)
    return np.clip(np.array(_GROUNDS[label]) + stripes + noise, 0, 255).astype(np.uint8)
