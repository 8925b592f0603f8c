"""What is done to the pixels of training images, anew at each step.

It works on the batch in front of the model, so that nothing of it is in the model. The same seed
and step give the same pictures. Knows nothing of files or models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.augmentation import parse
from trainer.backend import tf

_MOVES = ("flip", "shift", "rotate", "zoom", "shear")

# Sides of a blanked rectangle, as shares of the picture's.
_ERASED = (0.1, 0.35)

# Random numbers an image and step: one column a use below.
_COLUMNS = 12


def apply(tensors: NDArray[np.uint8], names: Sequence[str], *, seed: int) -> NDArray[np.uint8]:
    """uint8[n, h, w, c] as a model would be shown them: what a step of this number makes of them."""
    pixels = augment(tf.cast(tensors, tf.float32), parse(names), (seed, 0))
    shown: NDArray[np.uint8] = np.clip(np.round(pixels.numpy()), 0, 255).astype(np.uint8)
    return shown


def augment(pixels: Any, strengths: dict[str, float], seed: Any) -> Any:
    """float32[b, h, w, c] of 0..255, changed; `seed` is two whole numbers: of the run, of the step."""
    if not strengths:
        return pixels
    draws = tf.random.stateless_uniform((tf.shape(pixels)[0], _COLUMNS), seed, -1.0, 1.0)
    if any(name in strengths for name in _MOVES):
        pixels = _moved(pixels, strengths, draws)
    if "contrast" in strengths:
        mean = tf.reduce_mean(pixels, (1, 2, 3), keepdims=True)
        pixels = mean + (pixels - mean) * (1 + _spread(draws, 6, strengths["contrast"]))
    if "brightness" in strengths:
        pixels += 255 * _spread(draws, 7, strengths["brightness"])
    if "contrast" in strengths or "brightness" in strengths:
        pixels = tf.clip_by_value(pixels, 0.0, 255.0)
    return _erased(pixels, strengths["erase"], draws) if "erase" in strengths else pixels


def _moved(pixels: Any, strengths: dict[str, float], draws: Any) -> Any:
    """All that moves pixels, as one affine map: where each pixel comes from."""
    height, width = pixels.shape[1:3]
    angle = math.radians(strengths.get("rotate", 0.0)) * draws[:, 0]
    slant = math.tan(math.radians(strengths.get("shear", 0.0))) * draws[:, 1]
    scale = 1 + strengths.get("zoom", 0.0) * draws[:, 2]
    mirror = tf.where(draws[:, 3] < 2 * strengths.get("flip", 0.0) - 1, -1.0, 1.0)
    cosine, sine = tf.cos(angle), tf.sin(angle)
    a, b = scale * mirror * cosine, scale * (slant * cosine - sine)
    c, d = scale * mirror * sine, scale * (slant * sine + cosine)
    x, y = (width - 1) / 2, (height - 1) / 2
    right = tf.round(strengths.get("shift", 0.0) * width * draws[:, 4])
    down = tf.round(strengths.get("shift", 0.0) * height * draws[:, 5])
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pixels,
        transforms=tf.stack(
            [a, b, x - a * x - b * y + right, c, d, y - c * x - d * y + down, zero, zero], 1
        ),
        output_shape=[height, width],
        # Whole steps and mirrors need no mixing of pixels.
        interpolation="NEAREST" if strengths.keys() <= {"flip", "shift"} else "BILINEAR",
        # Beyond a photograph's edge it goes on; gray pictures stand on a black ground.
        fill_mode="NEAREST" if pixels.shape[3] == 3 else "CONSTANT",
        fill_value=0.0,
    )


def _erased(pixels: Any, often: float, draws: Any) -> Any:
    height, width = pixels.shape[1:3]
    rows = _within(height, draws[:, 8], draws[:, 9])
    columns = _within(width, draws[:, 10], draws[:, 11])
    # A column that is used above, folded: its sign and halves are as random as itself.
    chosen = tf.math.floormod(draws[:, 8] * 1024, 1.0) < often
    blank = rows[:, :, None] & columns[:, None, :] & chosen[:, None, None]
    return tf.where(blank[..., None], 0.0, pixels)


def _within(side: int, length: Any, middle: Any) -> Any:
    """bool[b, side]: where a stretch of random length and place lies."""
    low, high = _ERASED
    half = side * (low + (high - low) * (length + 1) / 2) / 2
    distance = tf.abs(tf.range(side, dtype=tf.float32)[None] - (side * (middle + 1) / 2)[:, None])
    return distance < half[:, None]


def _spread(draws: Any, column: int, strength: float) -> Any:
    return (strength * draws[:, column])[:, None, None, None]
