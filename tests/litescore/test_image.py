"""Image bytes to an upright 8-bit picture: every form that cameras, phones and scanners write."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from litescore import image
from tests.litescore.pictures import (
    DEEP,
    FLAG,
    GRAY,
    NOISE,
    SHALLOW,
    Array,
    decoded,
    encode,
    png,
    refusal,
    tiff,
)

# litescore.image silences it; pytest sets filters of its own.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "PPM"])
def test_lossless_formats_give_the_pixels_back(kind: str) -> None:
    """Colour in, the same colour out, bit for bit."""
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(decoded(encode(NOISE, kind, **options)), NOISE)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM"])
def test_gray_stays_gray(kind: str) -> None:
    """A gray picture comes out as one, with the same values."""
    np.testing.assert_array_equal(decoded(encode(GRAY, kind)), GRAY)


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg(progressive: bool) -> None:
    """JPEG, plain and progressive, is near the picture it was made from."""
    smooth = Image.fromarray(FLAG).resize((64, 64), Image.Resampling.BICUBIC)
    data = encode(smooth, "JPEG", quality=95, progressive=progressive)
    assert np.abs(decoded(data).astype(int) - np.asarray(smooth)).mean() < 4


TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "JPEG"])
@pytest.mark.parametrize("orientation", TURNS)
def test_orientation_is_applied(kind: str, orientation: int) -> None:
    """All eight EXIF orientations come out upright, whatever the file's format."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    big = FLAG.repeat(8, 0).repeat(8, 1)  # so that JPEG's blocks of 8 keep the colours apart
    options = {"lossless": True} if kind == "WEBP" else {}
    options |= {"subsampling": 0, "quality": 95} if kind == "JPEG" else {}
    upright = decoded(encode(big, kind, exif=exif, **options))
    expected = TURNS[orientation](big)
    assert upright.shape == expected.shape
    assert np.abs(upright.astype(int) - expected).max() <= (8 if kind == "JPEG" else 0)


def exif_block(entry: bytes) -> bytes:
    """An EXIF block of one 12-byte IFD entry, big endian."""
    return b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)


def test_broken_exif_is_not_the_users_business() -> None:
    """What Pillow says of it does not reach the terminal."""
    data = encode(FLAG, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    script = "import sys; from litescore import image; image.decode(sys.stdin.buffer.read())"
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0junk and nothing else",
        b"Exif\0\0",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12",
        exif_block(b"\x01\x12\0\x03\0\0\0\x01\0\x63\0\0"),  # orientation 99
        exif_block(b"\x01\x12\0\x02\0\0\0\x04abc\0"),  # orientation "abc"
    ],
)
def test_broken_exif_does_not_spoil_the_pixels(kind: str, block: bytes) -> None:
    """A picture beside an EXIF block that makes no sense is as it lies, without a word."""
    options = {"lossless": True} if kind == "WEBP" else {}
    assert decoded(encode(FLAG, kind, exif=block, **options)).shape == FLAG.shape


def close(pixels: Array, color: tuple[int, int, int], within: int) -> bool:
    """Whether all pixels are that colour, nearly."""
    return int(np.abs(pixels.reshape(-1, 3).astype(int) - color).max()) <= within


def test_cmyk_tiff() -> None:
    """Printers' colours become red, green and blue."""
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert close(decoded(encode(red, "TIFF")), (255, 0, 0), 3)


def test_cmyk_jpeg_of_adobe() -> None:
    """Adobe's JPEGs hold CMYK inverted; so do Pillow's, which say so by Adobe's mark."""
    data = encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    assert b"Adobe" in data
    assert close(decoded(data), (255, 0, 0), 6)


def test_palette() -> None:
    """A palette's colours come out as colours."""
    np.testing.assert_array_equal(decoded(encode(Image.fromarray(FLAG).quantize(4))), FLAG)


def test_palette_with_transparency() -> None:
    """A transparent index keeps its colour: alpha is dropped, as loaders in training do."""
    picture = Image.fromarray(FLAG).quantize(4)
    clear = int(np.asarray(picture)[0, 0])
    np.testing.assert_array_equal(decoded(encode(picture, transparency=clear)), FLAG)


@pytest.mark.filterwarnings("error")
def test_palette_with_alpha_of_each_colour() -> None:
    """So does a palette that has an alpha for every colour, and without a warning."""
    data = encode(Image.fromarray(FLAG).quantize(4), transparency=bytes([0, 128, 255, 7]))
    np.testing.assert_array_equal(decoded(data), FLAG)


def test_alpha_is_dropped() -> None:
    """RGBA: the colours as stored, also under full transparency."""
    alpha = np.full((*FLAG.shape[:2], 1), 0, np.uint8)
    np.testing.assert_array_equal(decoded(encode(np.concatenate([FLAG, alpha], 2))), FLAG)


def test_gray_with_alpha() -> None:
    """LA: the gray values as stored, in one channel."""
    picture = Image.fromarray(GRAY)
    picture.putalpha(Image.new("L", picture.size, 0))
    np.testing.assert_array_equal(decoded(encode(picture)), GRAY)


def test_a_colour_that_stands_for_transparency() -> None:
    """PNG may name one colour as the transparent one: it stays a colour."""
    np.testing.assert_array_equal(decoded(encode(FLAG, transparency=(255, 0, 0))), FLAG)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM", "BMP"])
def test_one_bit(kind: str) -> None:
    """Black is 0 and white is 255."""
    bits = GRAY > 127
    picture = Image.fromarray(bits.astype(np.uint8) * 255).convert("1")
    np.testing.assert_array_equal(decoded(encode(picture, kind)), bits * np.uint8(255))


def test_sixteen_bit_png() -> None:
    """16-bit gray is scaled to 0..255, not cut to its high or low byte."""
    np.testing.assert_array_equal(decoded(encode(Image.fromarray(DEEP))), SHALLOW)


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_tiff(order: str) -> None:
    """Both byte orders of TIFF."""
    data = tiff(DEEP.astype(f"{order}u2").tobytes(), order, bits=16)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == {"<": "I;16", ">": "I;16B"}[order]
    np.testing.assert_array_equal(decoded(data), SHALLOW)


def test_sixteen_bit_pgm() -> None:
    """PGM with a maximum of 65535."""
    data = b"P5 4 2 65535\n" + DEEP.astype(">u2").tobytes()
    np.testing.assert_array_equal(decoded(data), SHALLOW)


def test_sixteen_bit_colour_png() -> None:
    """16 bits a channel of colour come out as 8."""
    high = (FLAG.astype(">u2") * 257).tobytes()
    rows = b"".join(b"\0" + high[at : at + 36] for at in range(0, len(high), 36))
    np.testing.assert_array_equal(decoded(png(6, 4, rows, bits=16, color=2)), FLAG)


def test_every_sixteen_bit_value_is_rounded() -> None:
    """All 65,536 values become the nearest level."""
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.rint(every / 257).astype(np.uint8)
    np.testing.assert_array_equal(decoded(encode(Image.fromarray(every))), expected)


def test_thirty_two_bit_is_unsupported() -> None:
    """Whole numbers beyond 16 bits have no level between black and white."""
    picture = Image.fromarray(np.array([[0, 70_000]], np.int32))
    assert refusal(encode(picture, "TIFF")).kind == "unsupported"
    below = Image.fromarray(np.array([[-1, 7]], np.int32))
    assert refusal(encode(below, "TIFF")).kind == "unsupported"


def test_floating_point_is_unsupported() -> None:
    """Nothing says which number is white."""
    picture = Image.fromarray(np.ones((4, 4), np.float32))
    found = refusal(encode(picture, "TIFF"))
    assert found.kind == "unsupported"
    assert "floating-point" in found.reason


def test_lab_tiff() -> None:
    """Lab colours are converted like any other."""
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(Image.new("RGB", (8, 8), (200, 30, 30)), to_lab)
    assert lab is not None
    assert close(decoded(encode(lab, "TIFF")), (200, 30, 30), 8)


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": 1})])
def test_the_first_frame_counts(kind: str, options: dict[str, Any]) -> None:
    """Of an animation the first frame, whatever follows."""
    frames = [Image.fromarray(FLAG), Image.new("RGB", (6, 4)), Image.new("RGB", (6, 4), "red")]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
    with Image.open(io.BytesIO(data)) as opened:
        assert getattr(opened, "n_frames", 1) == 3
    np.testing.assert_array_equal(decoded(data), FLAG)


def test_a_gif_frame_smaller_than_its_screen() -> None:
    """The picture is as large as the screen that the GIF declares."""
    data = bytearray(encode(Image.fromarray(FLAG).quantize(4), "GIF"))
    data[6:10] = struct.pack("<HH", 10, 9)
    assert decoded(bytes(data)).shape == (9, 10, 3)


def test_decoding_is_repeatable() -> None:
    """The picture does not depend on the bytes' lifetime, and twice is the same."""
    data = encode(FLAG, "GIF")
    first = image.decode(data)
    np.testing.assert_array_equal(np.asarray(first), np.asarray(image.decode(data)))
    assert first.copy().resize((3, 3)).size == (3, 3)


def test_encode_png_gives_the_pixels_back() -> None:
    """Arrays of every shape, and pictures."""
    for pixels in (FLAG, GRAY, GRAY[:, :, None]):
        np.testing.assert_array_equal(decoded(image.encode_png(pixels)), pixels.squeeze())
    np.testing.assert_array_equal(decoded(image.encode_png(Image.fromarray(FLAG))), FLAG)
