"""Pictures to encode, and what decoding makes of them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from litescore import image
from litescore.errors import PermanentError

Array = NDArray[np.uint8]

# 4 high, 6 wide: red, green / blue, white quarters.
QUARTERS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
FLAG = QUARTERS.repeat(2, 0).repeat(3, 1)
NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
GRAY = np.random.default_rng(1).integers(0, 256, (12, 9), np.uint8)
DEEP = np.array([[0, 128, 129, 256], [257, 32767, 32768, 65535]], np.uint16)
# 65535 is 255 times 257: the nearest of 256 levels.
SHALLOW = np.rint(DEEP / 257).astype(np.uint8)


FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM")


def encode(picture: Image.Image | Array, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file of that kind."""
    buffer = io.BytesIO()
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray(picture)
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(data: bytes, **options: Any) -> Array:
    """The decoded picture as uint8[h, w] or [h, w, 3]."""
    picture = image.decode(data, **options)
    assert picture.mode in ("L", "RGB")
    return np.asarray(picture)


def refusal(data: bytes, **options: Any) -> PermanentError:
    """The error that decoding ends in."""
    with pytest.raises(PermanentError) as refused:
        image.decode(data, **options)
    assert "\n" not in str(refused.value)
    return refused.value


def tiff(pixels: bytes, order: str, *, bits: int) -> bytes:
    """A TIFF of DEEP's size by hand, since Pillow writes its own byte order only."""
    entries = [(256, 4), (257, 2), (258, bits), (259, 1), (262, 1), (273, 8), (277, 1), (278, 2)]
    entries.append((279, len(pixels)))
    mark = {"<": b"II", ">": b"MM"}[order]
    folder = struct.pack(f"{order}H", len(entries))
    for tag, value in entries:
        folder += struct.pack(f"{order}HHII", tag, 4, 1, value)
    head = mark + struct.pack(f"{order}HI", 42, 8 + len(pixels))
    return head + pixels + folder + bytes(4)


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, rows: bytes, *, bits: int, color: int) -> bytes:
    """A PNG by hand, whatever its header promises."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def photograph(width: int, height: int) -> Image.Image:
    """A colour picture with a photograph's frequencies: noise at several scales, one on the other."""
    generator = np.random.default_rng(width)
    canvas = Image.new("RGB", (width, height), (120, 110, 100))
    for pixel in (width // 3 or 1, width // 16 or 1, 24, 8):
        noise = generator.integers(0, 256, (height // pixel + 1, width // pixel + 1, 3), np.uint8)
        layer = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
        canvas = Image.blend(canvas, layer, 0.35)
    return canvas


def tiled(order: str, big: bool, widths: tuple[int, ...], body: bytes | None = None) -> bytes:
    """A TIFF of 16 x 16 gray pixels in one deflated tile, as long as its largest width."""
    body = zlib.compress(bytes(256)) if body is None else body
    entries = [(256, 16), (257, 16), (258, 8), (259, 8), (262, 1), (277, 1)]
    entries += [*((322, width) for width in widths), (323, max(widths)), (324, 0), (325, len(body))]
    head = struct.pack(f"{order}HHHQ", 43, 8, 0, 16) if big else struct.pack(f"{order}HI", 42, 8)
    size, entry = (20, "HHQQ") if big else (12, "HHII")
    end = (16 + 8 if big else 8 + 2) + size * len(entries) + (8 if big else 4)
    folder = struct.pack(f"{order}{'Q' if big else 'H'}", len(entries))
    for tag, value in entries:
        kind = 16 if big else 4
        folder += struct.pack(order + entry, tag, kind, 1, end if tag == 324 else value)
    return {"<": b"II", ">": b"MM"}[order] + head + folder + bytes(8 if big else 4) + body
