"""Fashion-MNIST and MNIST as small photographs: 160-pixel JPEGs in class folders.

Each picture is enlarged, turned, tinted and laid somewhere on a coloured ground that is different
in every photograph. The same seed writes the same photographs.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore import dataset

SIDE = 160
# The sides of a picture of 28 x 28 on the photograph, and how far it is turned, in degrees.
_SIZES = (80, 130)
_TURN = 20.0
_QUALITY = 85
# How much of the ground is its one colour.
_EVEN = 0.7
# A grey value from which the ground no longer shines through.
_OPAQUE = 96


def photograph(gray: NDArray[np.uint8], random: np.random.Generator) -> Image.Image:
    """An RGB photograph of 160 x 160 around a uint8[28, 28] that is light on black."""
    side = int(random.integers(*_SIZES))
    angle = random.uniform(-_TURN, _TURN)
    shown = Image.fromarray(gray).resize((side, side), Image.Resampling.BICUBIC)
    shown = shown.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    shown.thumbnail((SIDE, SIDE))
    tint = Image.new("RGB", shown.size, tuple(random.integers(60, 256, 3).tolist()))
    dark = Image.new("RGB", shown.size)
    thing = Image.composite(tint, dark, shown.point(lambda value: min(255, 60 + value)))
    whole = _ground(random)
    corner = random.integers(0, [1 + SIDE - shown.width, 1 + SIDE - shown.height])
    mask = shown.point(lambda value: min(255, value * 255 // _OPAQUE))
    whole.paste(thing, tuple(corner.tolist()), mask)
    return whole


def _ground(random: np.random.Generator) -> Image.Image:
    """One colour with a few soft blots of others, and grain."""
    color, blots = random.integers(0, 256, 3), random.integers(0, 256, (3, 3, 3))
    mixed = (_EVEN * color + (1 - _EVEN) * blots).astype(np.uint8)
    smooth = Image.fromarray(mixed).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    grain = random.normal(0, 6, (SIDE, SIDE, 1))
    return Image.fromarray(np.clip(np.asarray(smooth) + grain, 0, 255).astype(np.uint8))


def write(
    source: Path,
    root: Path,
    *,
    train: int,
    test: int,
    labels: Collection[str] = (),
    seed: int = 0,
) -> Path:
    """`root/{train,test}/<class>/<number>.jpg` of the first images of a data set, of these labels
    where some are named; `root` itself.
    """
    for split, count in (("train", train), ("test", test)):
        random = np.random.default_rng([seed, count])
        data = dataset.load(source, split)
        chosen = [data.labels.index(label) for label in labels or data.labels]
        for number in np.flatnonzero(np.isin(data.classes, chosen))[:count]:
            label = data.labels[data.classes[number]].replace("/", "-")
            folder = root / split / label
            folder.mkdir(parents=True, exist_ok=True)
            gray = np.asarray(data.images[number])
            photograph(gray, random).save(folder / f"{number:05}.jpg", quality=_QUALITY)
    return root
