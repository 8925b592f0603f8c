"""Size and colour of pictures by their headers: as the decoder will have them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from litescore import image
from litescore.looks import Look, of_file

WIDE = Image.fromarray(np.arange(6 * 9 * 3, dtype=np.uint8).reshape(6, 9, 3))
_END = struct.pack(">I4s", 0, b"IEND")


def turned(orientation: object) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def png(**options: object) -> bytes:
    WIDE.save(held := io.BytesIO(), "PNG", **options)
    return held.getvalue()


def behind_pixels(data: bytes, kind: bytes, content: bytes) -> bytes:
    """A PNG with one more chunk after its pixels."""
    chunk = struct.pack(">I4s", len(content), kind) + content
    chunk += struct.pack(">I", zlib.crc32(kind + content))
    return data.replace(_END, chunk + _END)


def raw_profile() -> PngImagePlugin.PngInfo:
    """EXIF as ImageMagick writes it: in hexadecimal, packed."""
    block = turned(6).tobytes()
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n{len(block)}\n{block.hex()}\n", zip=True)
    return info


XMP = '<rdf:Description tiff:Orientation="6"/>'
PNGS = {
    "none": png(),
    "eXIf": png(exif=turned(6)),
    "eXIf behind the pixels": behind_pixels(png(), b"eXIf", turned(6).tobytes()[6:]),
    "zTXt": png(pnginfo=raw_profile()),
    "iTXt behind the pixels": behind_pixels(
        png(), b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP.encode()
    ),
    "tEXt of no meaning": behind_pixels(png(), b"tEXt", b"Title\0sea"),
    "another chunk": behind_pixels(png(), b"tIME", b"\x07\xea\1\1\0\0\0"),
    "orientation 99": png(exif=turned(99)),
    "a broken block": png(exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("kind", list(PNGS))
def test_a_png_is_as_the_decoder_has_it(kind: str) -> None:
    """Wherever it says how it is turned; and where a word of it makes no sense."""
    look = of_file(io.BytesIO(PNGS[kind]))
    assert (look.width, look.height) == image.decode(PNGS[kind]).size
    upright = kind in ("none", "tEXt of no meaning", "another chunk", "orientation 99")
    assert look == (Look(6, 9, False) if upright or "broken" in kind else Look(9, 6, False))


def test_a_png_that_says_nothing_is_not_decoded() -> None:
    """Its pixels may be anything."""
    data = bytearray(PNGS["none"])
    place = data.index(b"IDAT") + 6
    data[place : place + 20] = bytes(20)
    assert of_file(io.BytesIO(data)) == Look(6, 9, False)
    with pytest.raises(OSError, match="broken"):
        of_file(io.BytesIO(behind_pixels(bytes(data), b"eXIf", turned(6).tobytes()[6:])))


@pytest.mark.parametrize("left_out", [40, 4000])
def test_a_png_that_ends_too_early(left_out: int) -> None:
    """Is no picture, though its header is whole."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(held := io.BytesIO(), "PNG")
    with pytest.raises(OSError, match="truncated"):
        of_file(io.BytesIO(held.getvalue()[:-left_out]))


WORD = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abc\0\0\0\0\0"


@pytest.mark.parametrize("block", [WORD, b"Exif\0\0MM\0*\xff\xff\xff\xff"], ids=["word", "broken"])
def test_a_broken_jpeg_header_is_upright(block: bytes) -> None:
    """What stands in EXIF may be nonsense: the pixels are whole."""
    WIDE.save(held := io.BytesIO(), "JPEG", exif=block)
    assert of_file(held) == Look(6, 9, False)


def test_another_format_is_none() -> None:
    """What the decoder does not take is not looked at."""
    WIDE.save(held := io.BytesIO(), "PCX")
    with pytest.raises(OSError, match="cannot identify"):
        of_file(held)
