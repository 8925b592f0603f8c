"""JPEGs that the decoder itself scales: which, by how much, and that little else is changed by it."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from litescore import image, jpeg
from litescore.contract import RESIZES, Contract
from litescore.errors import PermanentError
from litescore.image import PixelBudget
from tests.litescore.pictures import FORMATS, Array, encode, photograph

# No multiple of 8 either way: the last column and row of what is decoded are partly padding.
ODD = photograph(1003, 757)
FULL = Contract(("a", "b"), "rgb", 40, 48)
# What a photograph may be off by, in grey levels.
NEAR = 4


def tensor(data: bytes, contract: Contract, **options: Any) -> Array:
    """The model's tensor, ready for subtraction."""
    options = {"budget": PixelBudget()} | options
    return image.decode_to_tensor(data, contract, **options).astype(np.int16)


def apart(data: bytes, contract: Contract) -> int:
    """The farthest grey level between a JPEG scaled by the decoder and decoded in full."""
    scaled = tensor(data, replace(contract, jpeg="scaled"))
    return int(np.abs(scaled - tensor(data, contract)).max())


def turned(orientation: int) -> bytes:
    """The picture with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(ODD, "JPEG", quality=90, exif=exif)


@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation(orientation: int, resize: str) -> None:
    """Near the full way, and not the full way, whichever side the padding comes to lie on."""
    for height, width in ((40, 48), (48, 31)):
        contract = replace(FULL, height=height, width=width, resize=resize, padding=114)
        assert 0 < apart(turned(orientation), contract) <= NEAR


def test_the_edges_stay_where_they_are() -> None:
    """White bars as wide as a pixel of the tensor, at all four edges and however it is turned: a
    shift by a part of a decoded pixel would dim them.
    """
    pixels = np.zeros((643, 643), np.uint8)
    pixels[:64] = pixels[-64:] = pixels[:, :64] = pixels[:, -64:] = 255
    contract = Contract(("a", "b"), "gray", 10, 10)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        assert apart(encode(pixels, "JPEG", quality=95, exif=exif), contract) <= NEAR


@pytest.fixture(scope="module")
def camera() -> Image.Image:
    """12 megapixels."""
    return photograph(4000, 3000)


def test_photographs_of_a_camera(camera: Image.Image) -> None:
    """For a model of 224 x 224, in every way to its size."""
    data = encode(camera, "JPEG", quality=90)
    for resize in RESIZES:
        assert 0 < apart(data, Contract(("a", "b"), "rgb", 224, 224, resize=resize)) <= NEAR


@pytest.mark.parametrize("color", ["gray", "rgb"])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_sort_of_jpeg(mode: str, color: str, progressive: bool) -> None:
    """Gray, colour and print, for gray and colour models: colours are made as ever."""
    data = encode(ODD.convert(mode), "JPEG", quality=90, progressive=progressive)
    # Print's inks are multiplied after scaling, which is done before.
    near = NEAR + 2 if mode == "CMYK" else NEAR
    assert 0 < apart(data, replace(FULL, color=color)) <= near


def test_a_gray_models_luma_is_made_as_ever() -> None:
    """Of red, green and blue, not the decoder's own: the picture is one colour, so that scaling
    itself changes nothing.
    """
    for color in ((255, 0, 0), (13, 200, 77), (1, 2, 3)):
        data = encode(Image.new("RGB", (640, 640), color), "JPEG", subsampling=0)
        assert apart(data, replace(FULL, color="gray")) == 0


def test_two_pictures_in_one_file() -> None:
    """A camera's MPO is the JPEG that it begins with."""
    data = encode(ODD, "MPO", quality=90, save_all=True, append_images=[ODD.rotate(180)])
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.format == "MPO"
    assert 0 < apart(data, FULL) <= NEAR


def test_bytes_around_it() -> None:
    """What is like scans in its EXIF block, as a thumbnail's, or in a film behind its end, is not
    counted among its own, of which there may be a hundred.
    """
    scans = b"\xff\xda\0\2" * 1000
    block = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + scans
    data = encode(ODD, "JPEG", quality=90, progressive=True, exif=block)
    assert 0 < apart(data + scans * 50, FULL) <= NEAR


# width, height, resize, and by what the decoder divides for a model 20 wide and 30 high
DIVISORS = [
    (480, 640, "squash", 8),
    (320, 640, "squash", 8),
    (312, 640, "squash", 4),
    (320, 472, "squash", 4),
    (160, 240, "squash", 4),
    (152, 240, "squash", 2),
    (80, 120, "squash", 2),
    (72, 120, "squash", 1),
    (80, 112, "squash", 1),
    (20, 30, "squash", 1),
    (8, 8, "squash", 1),
    (1600, 240, "squash", 4),
    (1600, 240, "fit-shortest", 4),
    (1600, 120, "fit-shortest", 2),
    (1600, 160, "fit-longest", 8),
    (160, 1600, "fit-longest", 8),
]


@pytest.mark.parametrize(("width", "height", "resize", "divisor"), DIVISORS)
def test_by_how_much(width: int, height: int, resize: str, divisor: int) -> None:
    """The most that leaves twice the pixels of what the contract cuts out, each way; what Pillow's
    own draft then decodes is what is fitted.
    """
    contract = Contract(("a", "b"), "rgb", 30, 20, resize=resize, jpeg="scaled")
    data = encode(photograph(width, height), "JPEG", quality=90)
    with Image.open(io.BytesIO(data)) as opened:
        opened.draft("RGB", (width // divisor, height // divisor))
        assert opened.size == (width // divisor, height // divisor)
        expected = image.fit(opened.copy(), contract)
    np.testing.assert_array_equal(tensor(data, contract), expected)


@pytest.mark.parametrize("kind", sorted({*FORMATS} - {"JPEG"}))
def test_other_formats_are_untouched(kind: str) -> None:
    """Bit for bit what they were, also a TIFF with a JPEG inside."""
    options = {"compression": "jpeg"} if kind == "TIFF" else {}
    assert apart(encode(photograph(401, 303), kind, **options), FULL) == 0


def test_the_full_way_is_decode_and_fit() -> None:
    """A contract that says `full`, as all before it did, has JPEGs decoded whole."""
    data = encode(ODD, "JPEG")
    np.testing.assert_array_equal(tensor(data, FULL), image.fit(image.decode(data), FULL))


def test_the_headers_size_is_what_is_limited() -> None:
    """Not what would be decoded of it."""
    data = encode(ODD, "JPEG")
    scaled = replace(FULL, jpeg="scaled")
    assert tensor(data, scaled, max_pixels=1003 * 757).shape == (40, 48, 3)
    with pytest.raises(PermanentError, match="too-large: 1003 x 757 pixels"):
        tensor(data, scaled, max_pixels=1003 * 757 - 1)


@pytest.mark.parametrize("progressive", [False, True])
def test_half_a_jpeg_is_corrupt(progressive: bool) -> None:
    """Scaled too, and wherever it ends."""
    data = encode(ODD, "JPEG", progressive=progressive)
    for share in (0.02, 0.3, 0.6, 0.95):
        with pytest.raises(PermanentError, match="corrupt: "):
            tensor(data[: int(share * len(data))], replace(FULL, jpeg="scaled"))


class Noted(PixelBudget):
    """A budget that notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[int] = []

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        self.held.append(pixels)
        with super().hold(pixels):
            yield


@pytest.mark.parametrize(
    ("options", "jpegs", "held"),
    [({}, "full", 12), ({}, "scaled", 3), ({"progressive": True}, "scaled", 12)],
)
def test_what_is_decoded_is_held(
    camera: Image.Image, options: dict[str, Any], jpegs: str, held: int
) -> None:
    """Megapixels from the budget; of a progressive picture, which the decoder keeps whole, all."""
    data = encode(camera, "JPEG", **options)
    budget = Noted()
    tensor(data, Contract(("a", "b"), "rgb", 700, 700, jpeg=jpegs), budget=budget)
    assert budget.held == [held * 10**6]


class Closed(PixelBudget):
    """A budget that lets nothing through."""

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        raise BufferError(pixels)
        yield


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_nothing_is_decoded_before_it_is_held(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to know how it is turned either, which a PNG may say at its end. Pillow's own loading is
    watched, for nothing else would tell when it took place.
    """
    data = encode(Image.new("RGB", (1300, 1100)), kind)
    loaded: list[Any] = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: loaded.append(self.format))
    with pytest.raises(PermanentError, match="BufferError: 1430000"):
        tensor(data, Contract(("a", "b"), "rgb", 500, 500, jpeg="scaled"), budget=Closed())
    assert loaded == []


def test_what_the_decoder_keeps_whole() -> None:
    """Progressive pictures, and those whose colours come one after the other."""
    plain, progressive = (encode(ODD, "JPEG", progressive=p) for p in (False, True))
    assert not jpeg.is_gathered(plain)
    assert jpeg.is_gathered(progressive)
    # The scan's header: its length, three colours, two bytes a colour, three bytes.
    at = plain.index(b"\xff\xda\0\x0c\x03")
    alone = plain[:at] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + plain[at + 14 :]
    assert jpeg.is_gathered(alone)
    assert not jpeg.is_gathered(encode(ODD.convert("L"), "JPEG"))


def test_scaling_is_fast(camera: Image.Image) -> None:
    """A 12-megapixel JPEG in at most half of the processor time. It was 2 to 4 times less, by how many
    bytes the picture has, which are read all the same.
    """
    data = encode(camera, "JPEG", quality=75)
    full = Contract(("a", "b"), "rgb", 224, 224)
    spent = {name: min(seconds(data, replace(full, jpeg=name)) for _ in range(3))
             for name in ("full", "scaled")}  # fmt: skip
    assert spent["scaled"] <= spent["full"] / 2


def seconds(data: bytes, contract: Contract) -> float:
    """Processor time of one decoding, by this thread."""
    begun = time.thread_time()
    tensor(data, contract)
    return time.thread_time() - begun
