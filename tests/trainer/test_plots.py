"""The pictures: that they are drawn, and that blue is right and red is wrong."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor

from trainer.fitting.history import Epoch
from trainer.report import curves, plots

LABELS = [f"class {number}" for number in range(4)]
GRAY = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
COLOR = np.full((8, 8, 3), 200, np.uint8)


def drawn(png: bytes) -> set[tuple[int, ...]]:
    """Every colour in a picture."""
    pixels: NDArray[np.uint8] = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    return {tuple(color) for color in np.unique(pixels.reshape(-1, 3), axis=0).tolist()}


def chances(best: int, size: int = 4) -> NDArray[np.float32]:
    """Probabilities of which the best is 0.7."""
    row = np.full(size, 0.3 / (size - 1), np.float32)
    row[best] = 0.7
    return row


RIGHT, WRONG = (ImageColor.getrgb(color) for color in (plots.RIGHT, plots.WRONG))


@pytest.mark.parametrize("picture", [GRAY, COLOR], ids=["gray", "rgb"])
def test_a_right_prediction_is_blue(picture: NDArray[np.uint8]) -> None:
    """Name and bar are blue, nothing is red."""
    colors = drawn(plots.prediction(picture, chances(2), LABELS, 2, cmap="gray"))
    assert RIGHT in colors
    assert WRONG not in colors


def test_a_wrong_prediction_is_red_and_the_truth_is_blue() -> None:
    """The bar of what was said is red, that of the true class blue."""
    colors = drawn(plots.prediction(GRAY, chances(2), LABELS, 0, cmap="gray"))
    assert {RIGHT, WRONG} <= colors


def test_the_true_class_is_shown_among_hundreds() -> None:
    """Only the likeliest classes have bars, and the true one whatever its probability."""
    row = chances(250, 300)
    row[299] = 0
    many = [f"class {number}" for number in range(300)]
    tall = drawn(plots.prediction(GRAY, row, many, 250, cmap="gray"))
    assert RIGHT in tall
    assert len(plots.prediction(GRAY, row, many, 299, cmap="gray")) > 0


def test_the_grid_takes_fewer_images_than_it_has_room_for() -> None:
    """Three test images are three pictures, right and wrong by colour."""
    rows = np.stack([chances(0), chances(1), chances(2)])
    truths = np.array([0, 1, 3])
    colors = drawn(plots.prediction_grid(np.stack([GRAY] * 3), rows, LABELS, truths, cmap="gray"))
    assert {RIGHT, WRONG} <= colors


@pytest.mark.parametrize("picture", [GRAY, COLOR], ids=["gray", "rgb"])
def test_samples_and_one_image_are_drawn(picture: NDArray[np.uint8]) -> None:
    """Gray and colour, fewer than the grid holds."""
    tensors = np.stack([picture] * 3)
    blank = drawn(plots.sample_grid(tensors[:0], [], cmap="gray"))
    assert len(drawn(plots.sample_grid(tensors, LABELS[:3], cmap="gray"))) > len(blank)
    assert len(drawn(plots.one_image(picture, "a class", cmap="gray"))) > 20


def test_curves_do_without_validation() -> None:
    """One line where there were no validation images, two where there were."""
    alone = [Epoch(number, 1 / number, 0.5) for number in (1, 2, 3)]
    both = [Epoch(number, 1 / number, 0.5, 1.0, 0.4) for number in (1, 2, 3)]
    assert WRONG not in drawn(curves.curves(alone, best=2))
    assert {RIGHT, WRONG} <= drawn(curves.curves(both, best=3))


def test_shades_follow_the_ground_of_the_pictures() -> None:
    """A black ground is drawn white, as the tutorials draw clothes; photographs stay."""
    assert plots.shades(np.zeros((3, 8, 8, 1), np.uint8)) == "binary"
    assert plots.shades(np.full((3, 8, 8, 1), 180, np.uint8)) == "gray"
    assert plots.shades(np.zeros((1, 1, 1, 1), np.uint8)) == "binary"


def test_overfitting_is_written_into_the_curves() -> None:
    """The epochs from where it began are shaded."""
    both = [Epoch(number, 1 / number, 0.5, 1.0, 0.4) for number in (1, 2, 3)]
    shade = ImageColor.getrgb(curves.SHADE)
    assert shade not in drawn(curves.curves(both, best=1))
    assert shade in drawn(curves.curves(both, best=1, began=2))


def test_a_learning_rate_is_drawn_for_millions_of_steps() -> None:
    """One point a dot is enough."""
    rates = np.linspace(0, 1e-3, 3_000_000, dtype=np.float32)
    assert RIGHT in drawn(curves.learning_rate(rates, 1000))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["$x_1", "$$ \\frac{", "😀 日本語 👩", "two\nlines", "x" * 300])
def test_any_name_can_be_drawn(name: str) -> None:
    """No formula, no missing glyph, no long line: matplotlib warns of none."""
    assert drawn(plots.sample_grid(np.stack([GRAY]), [name], cmap="gray"))


def test_photographs_have_few_colors() -> None:
    """A grid of noise stays small."""
    noise = np.random.default_rng(0).integers(0, 256, (25, 96, 96, 3)).astype(np.uint8)
    assert len(plots.sample_grid(noise, LABELS, cmap="gray")) < 600_000
