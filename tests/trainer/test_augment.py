"""Augmentation: by name, on the batch, the same for the same seed and step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.errors import UsageError
from trainer.augmentation import KINDS, parse, sensible

Pictures = NDArray[np.uint8]


def crosses(count: int, channels: int = 1) -> Pictures:
    """Pictures with an upper left corner of their own, on black."""
    found = np.zeros((count, 20, 30, channels), np.uint8)
    found[:, 4:10, 6:12] = 100
    found[:, 4:6, 6:8] = 200
    return found


def shown(pictures: Pictures, names: tuple[str, ...], seed: int = 0) -> Pictures:
    from trainer.fitting.augment import apply

    return apply(pictures, names, seed=seed)


def test_names_are_read_with_their_strengths() -> None:
    """A strength where one is given, else the usual one; always in one order."""
    assert parse(("shift:0.1", "flip")) == {"flip": KINDS["flip"].strength, "shift": 0.1}
    assert list(parse(("erase", "flip"))) == ["flip", "erase"]
    assert parse(()) == {}


@pytest.mark.parametrize("words", ["turn", "flip,flip", "shift:x", "zoom:0", "zoom:9", "flip:nan"])
def test_a_wrong_word_is_told(words: str) -> None:
    """An unknown name, one twice, and a strength that is no number or out of range."""
    with pytest.raises(UsageError, match=words.split(",")[0].split(":")[0]):
        parse(words.split(","))


def test_writing_is_not_mirrored_by_default() -> None:
    """Photographs may be; gray pictures may be letters."""
    assert "flip" in sensible(Contract(("a", "b"), "rgb", 9, 9))
    assert "flip" not in sensible(Contract(("a", "b"), "gray", 9, 9))


def test_a_mirror_is_exact(tensorflow: Callable[..., Any]) -> None:
    """flip:1 mirrors each picture, pixel by pixel."""
    pictures = crosses(3)
    assert (tensorflow(shown, pictures, ("flip:1",)) == pictures[:, :, ::-1]).all()


def test_half_are_mirrored(tensorflow: Callable[..., Any]) -> None:
    """As often as asked for, and no picture is anything else than itself or its mirror."""
    pictures = crosses(400)
    found = tensorflow(shown, pictures, ("flip:0.25",))
    mirrored = (found == pictures[:, :, ::-1]).all(axis=(1, 2, 3))
    assert ((found == pictures).all(axis=(1, 2, 3)) | mirrored).all()
    assert 60 < mirrored.sum() < 140


def test_a_shift_moves_whole_pixels(tensorflow: Callable[..., Any]) -> None:
    """Up to a share of each side, every value kept; beyond the edge of a gray picture is black."""
    found = tensorflow(shown, crosses(300), ("shift:0.1",))
    tops = {tuple(np.argwhere(picture == 200)[0][:2]) for picture in found}
    rows, columns = ({place[axis] - start for place in tops} for axis, start in ((0, 4), (1, 6)))
    assert rows == set(range(-2, 3))
    assert columns == set(range(-3, 4))
    assert set(np.unique(found)) == {0, 100, 200}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_changes_pictures_and_follows_its_seed(
    tensorflow: Callable[..., Any], name: str
) -> None:
    """The same seed, the same pictures; another seed, others; sizes and range are kept."""
    pictures = crosses(40, channels=3)
    first, again, other = (tensorflow(shown, pictures, (name,), seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert (first != pictures).any()
    assert first.shape == pictures.shape


def test_a_blank_is_a_rectangle(tensorflow: Callable[..., Any]) -> None:
    """erase:1 blanks one rectangle of each picture, of 10 to 35 % of each side."""
    white = np.full((200, 40, 40, 1), 255, np.uint8)
    found = tensorflow(shown, white, ("erase:1",))
    for picture in found[..., 0]:
        rows, columns = (np.flatnonzero((picture == 0).any(axis=axis)) for axis in (1, 0))
        assert (picture[np.ix_(rows, columns)] == 0).all()
        assert max(len(rows), len(columns)) <= 15
    assert (found == 0).any(axis=(1, 2, 3)).mean() > 0.95


def test_a_turn_is_about_the_middle(tensorflow: Callable[..., Any]) -> None:
    """The middle of a picture stays where it is, whatever turns, slants or grows."""
    dot = np.zeros((30, 21, 21, 1), np.uint8)
    dot[:, 9:12, 9:12] = 240
    found = tensorflow(shown, dot, ("rotate:180", "zoom:0.2", "shear:20"))
    assert (found[:, 10, 10, 0] > 200).all()
