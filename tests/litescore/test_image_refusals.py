"""Files that are no picture, half a picture or too large: refused, each with its kind."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from litescore.errors import PermanentError
from tests.litescore.pictures import (
    DEEP,
    FLAG,
    FORMATS,
    NOISE,
    Array,
    decoded,
    encode,
    png,
    refusal,
    tiled,
)

# litescore.image sees to both; pytest sets filters of its own.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]

HEADS = (
    b"",
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"BM",
    b"RIFF\x30\0\0\0WEBPVP8 ",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"P6 3 3 255\n",
    b"Pf 3 3 -1\n",
)
SAMPLES = {kind: encode(FLAG, kind) for kind in FORMATS} | {
    "palette": encode(Image.fromarray(FLAG).quantize(4), transparency=bytes(4)),
    "deep": encode(Image.fromarray(DEEP)),
    "lzw": encode(FLAG, "TIFF", compression="tiff_lzw"),
    "animation": encode(
        Image.fromarray(FLAG), "GIF", save_all=True, append_images=[Image.new("RGB", (6, 4))]
    ),
}


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_file_is_corrupt(kind: str, share: float) -> None:
    """A file that ends early is refused: half a picture is another picture."""
    data = encode(NOISE, kind)
    assert refusal(data[: int(len(data) * share)]).kind == "corrupt"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_cut_near_its_end_is_whole_or_corrupt(kind: str) -> None:
    """What lacks only its closing bytes may pass, but only with every pixel right."""
    data = encode(NOISE, kind)
    whole = decoded(data)
    for kept in range(len(data) - 24, len(data)):
        found = decoded_or_kind(data[:kept])
        assert found == "corrupt" if isinstance(found, str) else np.array_equal(found, whole)


def test_no_bytes_are_corrupt() -> None:
    """An empty file says so."""
    found = refusal(b"")
    assert (found.kind, found.reason) == ("corrupt", "0 bytes")


@pytest.mark.parametrize(
    "data",
    [b"This is text, and somebody called it .jpg.\n" * 50, b"x", bytes(1000), b"%PDF-1.7\n" * 9],
)
def test_what_is_no_picture_is_unsupported(data: bytes) -> None:
    """Text, a PDF or zeros: not an image, and the first bytes are shown."""
    found = refusal(data)
    assert found.kind == "unsupported"
    assert repr(data[:8]) in found.reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_magic_number_alone_is_corrupt(kind: str) -> None:
    """What begins like a picture and is none, is a broken one."""
    found = refusal(encode(FLAG, kind)[:4] + b"and nothing of the kind" * 3)
    assert found.kind == "corrupt"


def test_other_formats_are_unsupported() -> None:
    """A format outside the list is refused, though Pillow could read it."""
    assert refusal(encode(FLAG, "TGA")).kind == "unsupported"


def test_too_many_bytes() -> None:
    """Refused by length alone, with both numbers."""
    data = encode(FLAG)
    assert decoded(data, max_bytes=len(data)).shape == FLAG.shape
    found = refusal(data, max_bytes=len(data) - 1)
    assert found.kind == "too-large"
    assert f"{len(data):,} bytes, the limit is {len(data) - 1:,}" in found.reason


def test_too_many_pixels() -> None:
    """Refused by the header's size; the limit itself is allowed."""
    data = encode(FLAG)
    assert decoded(data, max_pixels=24).shape == FLAG.shape
    found = refusal(data, max_pixels=23)
    assert (found.kind, found.reason) == ("too-large", "6 x 4 pixels, the limit is 23 in all")


@pytest.mark.parametrize(("width", "height"), [(8_000, 7_000), (20_000, 20_000), (2**31 - 1, 3)])
def test_a_header_of_huge_size_is_refused_before_decoding(width: int, height: int) -> None:
    """The pixels behind the header are broken: decoding them first would say `corrupt`."""
    data = png(width, height, b"\0" * 100, bits=8, color=2)
    assert refusal(data).kind == "too-large"
    assert refusal(png(70, 60, b"\0" * 100, bits=8, color=2)).kind == "corrupt"


def test_a_bomb_is_refused() -> None:
    """A real decompression bomb, 90 kB of 100 megapixels in a file that is whole."""
    data = encode(Image.new("1", (10_000, 10_000)))
    assert len(data) < 100_000
    assert refusal(data).kind == "too-large"


@given(st.binary(max_size=300), st.sampled_from(HEADS))
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_refused_or_decoded(body: bytes, head: bytes) -> None:
    """Whatever the bytes, nothing but a PermanentError comes out."""
    decoded_or_kind(head + body)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_pictures_are_refused_or_decoded(data: st.DataObject) -> None:
    """A real picture with bytes changed, lost or doubled: the same."""
    whole = bytearray(SAMPLES[data.draw(st.sampled_from(sorted(SAMPLES)))])
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=6)):
        whole[place] = data.draw(st.integers(0, 255))
    kept = data.draw(st.integers(1, len(whole)))
    doubled = data.draw(st.integers(0, 40))
    decoded_or_kind(bytes(whole[:kept] + whole[kept - doubled : kept] + whole[kept:]))


def decoded_or_kind(data: bytes) -> Array | str:
    """The picture, or the kind of PermanentError; any other exception comes out."""
    try:
        return decoded(data, max_pixels=1_000_000)
    except PermanentError as error:
        return error.kind


def scans(count: int) -> bytes:
    """A progressive JPEG of 8 x 8 gray pixels and so many scans, each a walk over the picture."""

    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    tables = segment(0xDB, bytes([0]) + bytes([16] * 64))
    # One code each: a difference of 0; the end of the block.
    tables += segment(0xC4, bytes([0x00, 1, *[0] * 15, 0])) + segment(
        0xC4, bytes([0x10, 1, *[0] * 15, 0])
    )
    frame = segment(0xC2, struct.pack(">BHHB", 8, 8, 8, 1) + bytes([1, 0x11, 0]))
    first = segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + b"\x7f"
    other = segment(0xDA, bytes([1, 1, 0, 1, 1, 0])) + b"\x7f"
    return b"\xff\xd8" + tables + frame + first + other * (count - 1) + b"\xff\xd9"


def test_a_jpeg_of_scans_without_end_is_refused() -> None:
    """Of 50 megapixels in 64 MB it would take hours; a hundred scans are more than anyone makes."""
    assert decoded(scans(100)).shape == (8, 8)
    found = refusal(scans(101))
    assert (found.kind, found.reason) == ("too-large", "more than 100 scans")


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])
@pytest.mark.parametrize("widths", [(16384,), (16384, 16), (16, 16384)])
def test_a_tiff_of_huge_tiles_is_refused(order: str, big: bool, widths: tuple[int, ...]) -> None:
    """A picture of 16 x 16 pixels in a tile of 268 megapixels, which libtiff would unpack; where the
    tag is there twice, whichever of the two it believes.
    """
    assert decoded(tiled(order, big, (16,))).shape == (16, 16)
    found = refusal(tiled(order, big, widths))
    assert (found.kind, found.reason[:28]) == ("too-large", "tiles of 16384 x 16384 pixel")
