"""report.html: what it says of a run, whatever the classes are called and however many there are."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.litescore.test_page import Reader
from tests.trainer.runs import EVIL, judged
from trainer.fitting.history import Epoch
from trainer.report import mistakes, tiles
from trainer.report.verdict import began, interval


def page_of(
    count: int, labels: tuple[str, ...] | None = None, warnings: tuple[str, ...] = ()
) -> str:
    """The page of a run that was not trained."""
    from trainer.report import page

    run, known = judged(count, labels)
    made, _ = page.make(run, known | {"warnings": warnings})
    return made.html()


def history(*losses: float) -> list[Epoch]:
    """Validation losses beside a training loss that falls."""
    return [Epoch(n, 1 / n, 0.5, loss, 0.5) for n, loss in enumerate(losses, start=1)]


@pytest.mark.parametrize(
    ("losses", "epoch"),
    [
        ((1.0, 0.8, 0.6, 0.7, 0.8), 4),
        ((1.0, 0.8, 0.6, 0.7), None),
        ((1.0, 0.8, 0.6, 0.604, 0.605), None),
        ((1.0, 0.8, 0.6, 0.7, 0.65), None),
        ((1.0, 0.8, 0.6), None),
    ],
    ids=["rises", "one epoch", "hardly", "up and down", "falls"],
)
def test_overfitting_begins_where_validation_loss_turns(
    losses: tuple[float, ...], epoch: int | None
) -> None:
    """The epoch after the lowest, and only where it is no noise."""
    assert began(history(*losses)) == epoch


def test_overfitting_needs_falling_training_loss_and_validation() -> None:
    """A training that goes astray is no overfitting; nothing is known without validation."""
    astray = [Epoch(n, n, 0.5, float(n), 0.5) for n in range(1, 6)]
    assert began(astray) is None
    assert began([Epoch(n, 1 / n, 0.5) for n in range(1, 6)]) is None


def test_the_interval_is_wilsons() -> None:
    """Figures of Newcombe (1998), table I: 81 of 263, and 0 of 20."""
    assert interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert interval(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_the_surest_mistakes_come_first() -> None:
    """Wrong ones by confidence, right ones by doubt."""
    rows = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.45, 0.55]], np.float32)
    classes = np.array([1, 1, 1, 1])
    assert mistakes.surest_wrong(rows, classes, 5).tolist() == [0, 1]
    assert mistakes.barely_right(rows, classes, 1).tolist() == [3]


@pytest.mark.parametrize(
    ("shape", "size"),
    [((28, 28, 1), (28, 28)), ((300, 200, 3), (64, 96))],
    ids=["gray", "rgb"],
)
def test_a_tile_is_small(shape: tuple[int, int, int], size: tuple[int, int]) -> None:
    """No side above 96, the shape kept; noise stays below 12 kB."""
    tensor = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    png = tiles.tile(tensor, cmap="gray")
    assert Image.open(io.BytesIO(png)).size == size
    assert len(png) < 12_000


def test_black_grounds_are_drawn_white_in_tiles() -> None:
    """As the other pictures are."""
    picture = Image.open(io.BytesIO(tiles.tile(np.zeros((4, 4, 1), np.uint8), cmap="binary")))
    assert picture.convert("L").getpixel((0, 0)) == 255


def test_augmented_images_stand_beside_their_own() -> None:
    """A row an image, a column a step, a wider gap behind the first."""
    images = np.zeros((2, 48, 48, 3), np.uint8)
    png = tiles.before_and_after(images, [images] * 3, cmap="gray")
    assert Image.open(io.BytesIO(png)).size == (4 * 96 + 6 * 4, 2 * 96 + 4)


@pytest.mark.parametrize("count", [2, 40, 1000])
def test_pages_of_few_and_many_classes(count: int, tensorflow: Callable[..., Any]) -> None:
    """A matrix where it can be read, the pairs always; no page grows without end."""
    html = tensorflow(page_of, count)
    assert ("true \\ predicted" in html) == (count <= 20)
    assert "confused most often" in html
    assert f"class {count - 1} → class 0" in html
    assert f"Imbalanced: class {count - 1} has 1 training images" in html
    assert "test/" in html.partition("The worst mistakes")[2]
    assert len(html) < 2_000_000


def test_pages_escape_any_name(tensorflow: Callable[..., Any]) -> None:
    """Folders' names are text: in tables, captions and alternative texts; the page can be written."""
    # A contract takes no label that is no line of text.
    names = tuple(name for name in EVIL if name.isprintable() or "\u200d" in name)
    html = tensorflow(page_of, len(names), names)
    read = Reader(html)
    assert read.tags["script"] == 0
    assert EVIL[0] in read.text
    assert "👩\u200d🔬" in read.text
    assert html.encode()
    alts = [value for name, value in read.attributes if name == "alt"]
    assert len(alts) == read.tags["img"]
    assert all(alts)


def test_which_weights_are_kept_is_told(tensorflow: Callable[..., Any]) -> None:
    """In the terminal too: where a training stopped by itself, and the epoch that it kept."""
    told = tensorflow(told_of_an_early_stop)
    assert "Stopped by itself after epoch 3 of 30. The weights of epoch 3 are kept" in told


def told_of_an_early_stop() -> str:
    """The lines that end a run of three epochs."""
    from trainer.report import verdict

    run, _ = judged(2)
    return "\n".join(verdict.summary(run))


def test_warnings_of_the_audit_are_told(tensorflow: Callable[..., Any]) -> None:
    """Each as it is."""
    assert "twice in it" in tensorflow(page_of, 2, None, ("3 images are twice in it",))
