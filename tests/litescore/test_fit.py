"""A picture to the model's tensor: colour, shape, and which pixels meet in one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from litescore import image
from litescore.contract import INTERPOLATIONS, RESIZES, Contract
from litescore.image import PixelBudget
from tests.litescore.pictures import FLAG, GRAY, NOISE, encode

MODES = list(itertools.product(RESIZES, INTERPOLATIONS))


def contract(height: int, width: int, color: str = "rgb", **modes: Any) -> Contract:
    """A contract of that size."""
    return Contract(("a", "b"), color, height, width, **modes)


def test_what_fits_is_passed_on() -> None:
    """An array of the model's size is handed on as it is, without a copy."""
    fitted = image.fit(NOISE, contract(48, 64))
    assert np.shares_memory(fitted, NOISE)
    np.testing.assert_array_equal(fitted, NOISE)


@pytest.mark.parametrize("pixels", [GRAY, GRAY[:, :, None]])
def test_gray_arrays_of_the_models_size(pixels: Any) -> None:
    """[h, w] and [h, w, 1] both become [h, w, 1], untouched."""
    fitted = image.fit(pixels, contract(12, 9, "gray"))
    assert fitted.shape == (12, 9, 1)
    np.testing.assert_array_equal(fitted[:, :, 0], GRAY)


def test_gray_into_colour() -> None:
    """A gray picture for a colour model has the same value in all channels."""
    fitted = image.fit(GRAY, contract(12, 9))
    np.testing.assert_array_equal(fitted, GRAY[:, :, None].repeat(3, 2))


def test_colour_into_gray() -> None:
    """A colour picture for a gray model: the luma of ITU-R 601."""
    fitted = image.fit(NOISE, contract(48, 64, "gray"))[:, :, 0]
    luma = NOISE @ np.array([0.299, 0.587, 0.114])
    assert np.abs(fitted - luma).max() <= 1


@pytest.mark.parametrize(("resize", "interpolation"), MODES)
@pytest.mark.parametrize("color", ["gray", "rgb"])
def test_arrays_and_pictures_give_equal_tensors(
    resize: str, interpolation: str, color: str
) -> None:
    """Training reads arrays, scoring reads files, the camera gives frames: the same pixels."""
    wanted = contract(20, 30, color, resize=resize, interpolation=interpolation)
    from_array = image.fit(NOISE, wanted)
    np.testing.assert_array_equal(from_array, image.fit(Image.fromarray(NOISE), wanted))
    np.testing.assert_array_equal(from_array, image.fit(image.decode(encode(NOISE)), wanted))
    assert from_array.dtype == np.uint8
    assert from_array.shape == (20, 30, wanted.channels)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_squash_keeps_every_corner(interpolation: str) -> None:
    """The whole picture is in the tensor, its shape is not kept."""
    wanted = contract(8, 8, interpolation=interpolation)
    fitted = image.fit(FLAG.repeat(20, 0).repeat(20, 1), wanted)
    np.testing.assert_array_equal(fitted[0, 0], [255, 0, 0])
    np.testing.assert_array_equal(fitted[0, 7], [0, 255, 0])
    np.testing.assert_array_equal(fitted[7, 0], [0, 0, 255])
    np.testing.assert_array_equal(fitted[7, 7], [255, 255, 255])


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("turned", [False, True])
def test_fit_shortest_takes_the_middle(interpolation: str, turned: bool) -> None:
    """Of a picture three times as long as wide, the middle third."""
    thirds = np.repeat(np.array([10, 100, 200], np.uint8), 40)[None].repeat(40, 0)
    picture = thirds.T if turned else thirds
    wanted = contract(10, 10, "gray", resize="fit-shortest", interpolation=interpolation)
    fitted = image.fit(picture, wanted)[:, :, 0]
    inner = fitted[1:-1, 1:-1]  # the antialiasing filter looks a little over the edge
    np.testing.assert_array_equal(inner, np.full((8, 8), 100))


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("turned", [False, True])
def test_fit_longest_pads_both_sides(interpolation: str, turned: bool) -> None:
    """Of a picture twice as long as wide the whole, between two bars of the padding."""
    picture = np.full((60, 30) if turned else (30, 60), 200, np.uint8)
    modes = {"resize": "fit-longest", "padding": 114, "interpolation": interpolation}
    fitted = image.fit(picture, contract(12, 12, "gray", **modes))[:, :, 0]
    expected = np.full((12, 12), 114)
    expected[3:9] = 200
    np.testing.assert_array_equal(fitted, expected.T if turned else expected)


def test_the_padding_is_gray_in_colour_too() -> None:
    """All three channels of the bars have the padding's value."""
    fitted = image.fit(NOISE, contract(64, 64, resize="fit-longest", padding=7))
    assert (fitted[:8] == 7).all()
    assert (fitted[-8:] == 7).all()
    np.testing.assert_array_equal(fitted[8:-8], NOISE)


@given(
    have=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    want=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    mode=st.sampled_from(MODES),
    value=st.integers(0, 255),
)
@settings(max_examples=200, deadline=None)
def test_every_size_fits_every_size(
    have: tuple[int, int], want: tuple[int, int], mode: tuple[str, str], value: int
) -> None:
    """Whatever the two sizes, a plain picture stays plain and nothing breaks.

    Rounding once put the crop a hair outside the picture, and a narrow one shrank to no pixels.
    """
    resize, interpolation = mode
    wanted = contract(*want, "gray", resize=resize, interpolation=interpolation, padding=value)
    fitted = image.fit(np.full(have, value, np.uint8), wanted)
    np.testing.assert_array_equal(fitted, np.full((*want, 1), value))


@pytest.mark.parametrize(("resize", "interpolation"), MODES)
@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1), (1, 1)])
def test_a_line_is_a_picture(resize: str, interpolation: str, size: tuple[int, int]) -> None:
    """A panorama of one row has its place too."""
    wanted = contract(28, 28, resize=resize, interpolation=interpolation)
    assert image.fit(Image.new("L", size, 9), wanted).max() == 9


@pytest.mark.parametrize("shape", [(3,), (4, 4, 2), (4, 4, 4), (2, 4, 4, 3), (0, 4, 3)])
def test_an_array_that_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    """The shape is named."""
    with pytest.raises(ValueError, match=str(shape).replace("(", r"\(").replace(")", r"\)")):
        image.fit(np.zeros(shape, np.uint8), contract(5, 5))


def test_other_dtypes_are_refused() -> None:
    """Floats 0..1 would all be black: they are refused, also in the model's own size."""
    with pytest.raises(ValueError, match="pixels are uint8, not float32"):
        image.fit(np.zeros((5, 5, 3), np.float32), contract(5, 5))  # type: ignore[arg-type]


def test_decode_to_tensor_is_decode_and_fit() -> None:
    """The way of the pipeline gives what the two steps give."""
    wanted = contract(20, 30, resize="fit-shortest")
    data = encode(NOISE, "JPEG")
    tensor = image.decode_to_tensor(data, wanted, budget=PixelBudget())
    np.testing.assert_array_equal(tensor, image.fit(image.decode(data), wanted))
