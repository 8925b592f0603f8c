"""Our resizing held against TensorFlow's and Keras': the only tests of the floor that load them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore import image
from litescore.contract import Contract

SIZES = [(48, 64), (64, 48), (100, 31), (13, 200), (21, 17), (333, 500)]
WANTED = (28, 20)
ANTIALIAS = {"bilinear-antialias": True, "bilinear": False}


@pytest.fixture(scope="module")
def tf() -> Any:
    """TensorFlow, imported only when these tests run."""
    from export.convert import tensorflow

    return tensorflow()


def noise(size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """The hardest picture to agree on."""
    generator = np.random.default_rng(sum(size))
    return generator.integers(0, 256, (*size, channels), np.uint8)


def ours(pixels: NDArray[np.uint8], **modes: Any) -> NDArray[np.int64]:
    """What `fit` makes of it, ready for subtraction."""
    color = "gray" if pixels.shape[2] == 1 else "rgb"
    wanted = Contract(("a", "b"), color, *WANTED, **modes)
    return image.fit(pixels, wanted).astype(np.int64)


def theirs(
    tf: Any, pixels: NDArray[np.uint8], size: tuple[int, int], interpolation: str
) -> NDArray[np.float32]:
    """What TensorFlow makes of it, in float32."""
    resized = tf.image.resize(pixels, size, "bilinear", antialias=ANTIALIAS[interpolation])
    found: NDArray[np.float32] = resized.numpy()
    return found


@pytest.mark.parametrize("interpolation", ANTIALIAS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_squash(tf: Any, size: tuple[int, int], channels: int, interpolation: str) -> None:
    """Within one grey level of tf.image.resize, with antialiasing and without."""
    pixels = noise(size, channels)
    difference = ours(pixels, interpolation=interpolation) - theirs(
        tf, pixels, WANTED, interpolation
    )
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("size", SIZES)
def test_fit_shortest_without_antialias_is_keras(tf: Any, size: tuple[int, int]) -> None:
    """Half a level, by rounding, from what Keras' loader does with crop_to_aspect_ratio."""
    pixels = noise(size, 3)
    fitted = ours(pixels, resize="fit-shortest", interpolation="bilinear")
    keras = tf.keras.preprocessing.image.smart_resize(pixels.astype(np.float32), WANTED)
    assert np.abs(fitted - keras).max() <= 0.51


@pytest.mark.parametrize("size", SIZES)
def test_fit_shortest_with_antialias(tf: Any, size: tuple[int, int]) -> None:
    """Within one level of cutting the middle and resizing it, where the filter sees no edge."""
    pixels = noise(size, 3)
    fitted = ours(pixels, resize="fit-shortest")
    height = min(size[0], size[1] * WANTED[0] // WANTED[1])
    width = min(size[1], size[0] * WANTED[1] // WANTED[0])
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    cut = pixels[top : top + height, left : left + width]
    difference = fitted - theirs(tf, cut, WANTED, "bilinear-antialias")
    assert np.abs(difference[1:-1, 1:-1]).max() <= 1


@pytest.mark.parametrize("interpolation", ANTIALIAS)
@pytest.mark.parametrize("size", SIZES)
def test_fit_longest(tf: Any, size: tuple[int, int], interpolation: str) -> None:
    """The inside is within one level of a plain resize to its own size."""
    pixels = noise(size, 3)
    fitted = ours(pixels, resize="fit-longest", padding=0, interpolation=interpolation)
    scale = min(WANTED[0] / size[0], WANTED[1] / size[1])
    height, width = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    top, left = (WANTED[0] - height) // 2, (WANTED[1] - width) // 2
    inside = fitted[top : top + height, left : left + width]
    assert np.abs(inside - theirs(tf, pixels, (height, width), interpolation)).max() <= 1
    assert fitted.sum() == inside.sum()
