"""A line of text as pixels, in whatever script a label is written, where a font here has it.

OpenCV's own letters are ASCII only. Pillow brings a font along that has little more; others are
taken from the system when a label asks for them.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

# Debian's fonts-dejavu-core, fonts-noto-cjk and fonts-droid-fallback: Latin, Greek and Cyrillic,
# then Chinese, Japanese and Korean.
_SYSTEM = ("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "DroidSansFallbackFull.ttf")
_NO_CHARACTER = "\uffff"  # Unicode's: a font answers it with its sign for what it does not have
_GROUND, _LETTERS = (24, 28, 34), (255, 255, 255)


def is_written(text: str) -> bool:
    """Whether a font of this machine has all of `text`."""
    return _font(text, 16) is not None


def strip(text: str, width: int, height: int) -> NDArray[np.uint8]:
    """uint8[height, width, 3]: `text` in white on a dark ground, cut off with dots where it is too
    long. What no font here has is written as the font writes such things.
    """
    picture = Image.new("RGB", (width, height), _GROUND)
    font = _font(text, height * 6 // 10) or _own(height * 6 // 10)
    margin = height // 3
    text = _cut(text, font, width - 2 * margin)
    ImageDraw.Draw(picture).text((margin, height // 2), text, _LETTERS, font, anchor="lm")
    return np.asarray(picture)


def _cut(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """As much of the text as is `width` pixels wide at most."""
    if font.getlength(text) <= width:
        return text
    cuts = range(len(text))
    fits = bisect_right(cuts, width, key=lambda cut: ceil(font.getlength(text[:cut] + "…")))
    return text[: fits - 1].rstrip() + "…" if fits else ""


@lru_cache(maxsize=256)
def _font(text: str, size: int) -> ImageFont.FreeTypeFont | None:
    """The first font that has all of `text`."""
    if _has(_own(size), text):
        return _own(size)
    for name in _SYSTEM:
        font = _named(name, size)
        if font is not None and _has(font, text):
            return font
    return None


@lru_cache(maxsize=8)
def _own(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@lru_cache(maxsize=16)
def _named(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _has(font: ImageFont.FreeTypeFont, text: str) -> bool:
    lacking = bytes(font.getmask(_NO_CHARACTER))
    return all(bytes(font.getmask(letter)) != lacking for letter in set(text) - {" "})
