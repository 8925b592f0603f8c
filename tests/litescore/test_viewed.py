"""A picture seen through a view: turned, mirrored, cut, resized and inverted as by hand."""

from __future__ import annotations

import io
import itertools
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from litescore import image, jpeg
from litescore.contract import INTERPOLATIONS, RESIZES, Contract
from litescore.errors import PermanentError
from litescore.image import PixelBudget
from litescore.view import ROTATIONS, WHOLE, View
from tests.litescore.pictures import NOISE, Array, encode, photograph

_T = Image.Transpose
# Pillow's names go against the clock.
TURNS = {90: _T.ROTATE_270, 180: _T.ROTATE_180, 270: _T.ROTATE_90}
# How a picture was turned when it was stored so, by EXIF orientation.
STORED = {
    2: _T.FLIP_LEFT_RIGHT, 3: _T.ROTATE_180, 4: _T.FLIP_TOP_BOTTOM, 5: _T.TRANSPOSE,
    6: _T.ROTATE_90, 7: _T.TRANSVERSE, 8: _T.ROTATE_270,
}  # fmt: skip
# What a photograph may be off by in grey levels: as in test_scaled, but that a decoded pixel at the
# region's edge holds some of what lies around.
NEAR = 8
MODES = list(itertools.product(RESIZES, INTERPOLATIONS))

regions = st.none() | st.tuples(
    st.integers(0, 20), st.integers(0, 20), st.integers(2, 28), st.integers(2, 28)
)
fractions = st.tuples(*[st.sampled_from([0.0, 0.1, 0.3])] * 2, *[st.sampled_from([0.25, 0.7])] * 2)
views = st.builds(
    View, st.sampled_from(ROTATIONS), st.booleans(), regions | fractions, st.booleans()
)


def tensor(data: bytes, contract: Contract) -> Array:
    """What a file becomes."""
    return image.decode_to_tensor(data, contract, budget=PixelBudget())


def by_hand(picture: Image.Image, contract: Contract) -> Array:
    """The same with Pillow, one step after the other, each on the whole picture."""
    view = contract.view
    if view.rotate:
        picture = picture.transpose(TURNS[view.rotate])
    if view.mirror:
        picture = picture.transpose(_T.FLIP_LEFT_RIGHT)
    if view.region:
        x, y, w, h = view.region
        if not float(w).is_integer():
            across, down = picture.size
            x, y, w, h = x * across, y * down, (x + w) * across, (y + h) * down
            x, y, w, h = round(x), round(y), round(w) - round(x), round(h) - round(y)
        picture = picture.crop((int(x), int(y), int(x + w), int(y + h)))
    mode = "L" if contract.color == "gray" else "RGB"
    size = (contract.width, contract.height)
    picture = picture.convert(mode).resize(size, Image.Resampling.BILINEAR)
    picture = picture.point(lambda value: 255 - value) if view.invert else picture
    return np.asarray(picture).reshape(*size[::-1], contract.channels)


@given(
    view=views,
    colored=st.booleans(),
    color=st.sampled_from(["gray", "rgb"]),
    size=st.sampled_from([(12, 9), (48, 64), (28, 28)]),
    orientation=st.integers(1, 8),
)
@settings(max_examples=300, deadline=None)
def test_as_by_hand(
    view: View, colored: bool, color: str, size: tuple[int, int], orientation: int
) -> None:
    """Bit for bit: an array, a picture and a PNG file that EXIF turns first."""
    pixels = NOISE if colored else NOISE[:, :, 1]
    upright, contract = Image.fromarray(pixels), Contract(("a", "b"), color, *size, view=view)
    expected = by_hand(upright, contract)
    np.testing.assert_array_equal(image.fit(pixels, contract), expected)
    np.testing.assert_array_equal(image.fit(upright, contract), expected)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(STORED[orientation]) if orientation > 1 else upright
    data = encode(stored, "PNG", exif=exif)
    np.testing.assert_array_equal(tensor(data, contract), expected)
    assert image.fit(pixels[..., None] if not colored else pixels, contract).dtype == np.uint8


@pytest.mark.parametrize(("resize", "interpolation"), MODES)
def test_a_region_is_a_picture_of_its_own(resize: str, interpolation: str) -> None:
    """Nothing around it shines in, whatever the way to the model's size."""
    modes: dict[str, Any] = {"resize": resize, "interpolation": interpolation, "padding": 7}
    plain = Contract(("a", "b"), "rgb", 10, 14, **modes)
    viewed = replace(plain, view=View(region=(20, 10, 30, 25)))
    alone = np.ascontiguousarray(NOISE[10:35, 20:50])
    np.testing.assert_array_equal(image.fit(NOISE, viewed), image.fit(alone, plain))
    np.testing.assert_array_equal(tensor(encode(NOISE), viewed), image.fit(alone, plain))


def test_padding_is_not_inverted() -> None:
    """The model sees the bars that its contract tells, around an inverted picture."""
    modes: dict[str, Any] = {"resize": "fit-longest", "padding": 10}
    contract = Contract(("a", "b"), "gray", 8, 8, view=View(invert=True), **modes)
    fitted = image.fit(np.full((4, 8), 200, np.uint8), contract)[:, :, 0]
    assert fitted[:, 0].tolist() == [10, 10, 55, 55, 55, 55, 10, 10]


def test_red_stays_red() -> None:
    """The red corner, however the camera hangs; inverted it is cyan."""
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:240, :320] = (250, 10, 20)
    corner = {
        0: (0, 0, 0.5, 0.5),
        90: (0.5, 0, 0.5, 0.5),
        180: (0.5, 0.5, 0.5, 0.5),
        270: (0, 0.5, 0.5, 0.5),
    }
    for rotate, region in corner.items():
        contract = Contract(("a", "b"), "rgb", 6, 5, view=View(rotate, region=region))
        assert (image.fit(frame, contract) == (250, 10, 20)).all()
        assert (tensor(encode(frame), contract) == (250, 10, 20)).all()
        cyan = replace(contract, view=replace(contract.view, invert=True))
        assert (image.fit(frame, cyan) == (5, 245, 235)).all()


def test_a_frame_of_the_models_size_is_seen_through_the_view() -> None:
    """It is a picture like any other; what a data set or a shard stored of that size is not."""
    contract = Contract(("a", "b"), "rgb", 48, 64, view=View(rotate=180, invert=True))
    np.testing.assert_array_equal(image.fit(NOISE, contract), 255 - NOISE[::-1, ::-1])
    np.testing.assert_array_equal(image.fit_stored(NOISE, contract), NOISE)
    np.testing.assert_array_equal(image.fit_stored(Image.fromarray(NOISE), contract), NOISE)
    gray = replace(contract, color="gray")
    whole = replace(gray, view=WHOLE)
    np.testing.assert_array_equal(image.fit_stored(NOISE, gray), image.fit(NOISE, whole))
    smaller = replace(contract, height=24)
    np.testing.assert_array_equal(image.fit_stored(NOISE, smaller), image.fit(NOISE, smaller))
    assert (image.fit(NOISE, smaller) != image.fit(NOISE, replace(smaller, view=WHOLE))).any()


@pytest.mark.parametrize("make", [lambda p: p, Image.fromarray])
def test_a_region_outside_is_refused(make: Any) -> None:
    """In one line with both sizes, of frames and of files."""
    contract = Contract(("a", "b"), "rgb", 8, 8, view=View(90, region=(40, 0, 20, 10)))
    says = r"unsupported: the region 40,0,20,10 reaches to 60 x 10 .* 48 x 64"
    with pytest.raises(PermanentError, match=says):
        image.fit(make(NOISE), contract)
    for kind, mode in (("PNG", "full"), ("JPEG", "scaled")):
        with pytest.raises(PermanentError, match=says):
            tensor(encode(NOISE, kind), replace(contract, jpeg=mode))


@pytest.fixture(scope="module")
def frame() -> Image.Image:
    """Two megapixels, no multiple of 8 either way."""
    return photograph(1603, 1205)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("resize", RESIZES)
def test_a_scaled_region_is_near(frame: Image.Image, orientation: int, resize: str) -> None:
    """Whichever way EXIF and the view turn it, and wherever the decoder's padding comes to lie."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(frame, "JPEG", quality=92, exif=exif)
    for rotate, mirror in itertools.product(ROTATIONS, (False, True)):
        view = View(rotate, mirror, (201, 303, 701, 499))
        full = Contract(("a", "b"), "rgb", 40, 48, resize=resize, view=view)
        scaled = tensor(data, replace(full, jpeg="scaled")).astype(int)
        apart = np.abs(scaled - tensor(data, full)).max()
        assert 0 < apart <= NEAR


def test_the_far_edges_are_not_shifted() -> None:
    """White bars as wide as a pixel of the tensor at the region's edges: a shift by a part of a
    decoded pixel would dim them. Around it all is gray.
    """
    pixels = np.full((1283, 1283), 128, np.uint8)
    pixels[321:963, 321:963] = 0
    pixels[321:385, 321:963] = pixels[899:963, 321:963] = 255
    pixels[321:963, 321:385] = pixels[321:963, 899:963] = 255
    data = encode(pixels, "JPEG", quality=95)
    for rotate, mirror in itertools.product(ROTATIONS, (False, True)):
        # What lies 321 from the left lies 320 from the right.
        x, y = (320 if rotate in turned else 321 for turned in ((90, 180), (180, 270)))
        view = View(rotate, mirror, (641 - x if mirror else x, y, 642, 642))
        full = Contract(("a", "b"), "gray", 10, 10, view=view)
        scaled = tensor(data, replace(full, jpeg="scaled")).astype(int)
        assert 0 < np.abs(scaled - tensor(data, full)).max() <= 10


def test_no_smaller_than_the_region_needs(frame: Image.Image) -> None:
    """The whole may shrink to an eighth, a region of it only as far as that leaves twice the pixels
    of what it becomes.
    """
    asked = []

    def noted(picture: Image.Image, scale: int) -> bool:
        asked.append(scale)
        return shrink(picture, scale)

    shrink = jpeg.shrink
    data = encode(frame, "JPEG", quality=92)
    whole = Contract(("a", "b"), "rgb", 50, 50, jpeg="scaled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg, "shrink", noted)
        for region in (None, (800, 0, 400, 400), (800, 0, 400, 399), (0.1, 0.1, 0.125, 0.2)):
            tensor(data, replace(whole, view=View(region=region)))
    assert asked == [8, 4, 2, 2]


def test_a_small_region_is_cut_out_first() -> None:
    """Of a frame a corner, into a tensor: a fraction of what the whole frame takes."""
    frame = np.asarray(photograph(1280, 960))
    whole = Contract(("a", "b"), "gray", 28, 28)
    corner = replace(whole, view=View(90, region=(0, 0, 64, 64), invert=True))
    spent = {}
    for name, contract in (("whole", whole), ("corner", corner)) * 20:
        begun = time.perf_counter()
        image.fit(frame, contract)
        spent[name] = min(spent.get(name, 9.0), time.perf_counter() - begun)
    assert spent["corner"] < spent["whole"] / 5


def test_a_png_of_a_palette_and_of_16_bits() -> None:
    """Converted before they are cut, as without a view."""
    view = View(rotate=90, region=(2, 3, 10, 12))
    plain = Contract(("a", "b"), "gray", 12, 10)
    deep = Image.fromarray(NOISE[:, :, 0].astype(np.uint16) * 257)
    for picture in (Image.fromarray(NOISE).quantize(16), deep):
        data = encode(picture)
        upright = image.decode(data)
        expected = by_hand(upright, replace(plain, view=view))
        np.testing.assert_array_equal(tensor(data, replace(plain, view=view)), expected)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == "I;16"
