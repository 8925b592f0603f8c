"""What labelled pictures look like before they are decoded: size and colour, by their headers."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from litescore import image, turn
from litescore.dataset import Dataset
from litescore.turn import UPRIGHT, Turn

_GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
# Of a PNG: its signature's bytes, a chunk's length and kind, the bytes of the sum behind it; and the
# kinds of chunk that Pillow finds EXIF or XMP in.
_SIGNATURE, _CHUNK, _CRC = 8, struct.Struct(">I4s"), 4
_SAYING = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")


class Look(NamedTuple):
    """Size in pixels once upright, and whether the picture has no colour."""

    height: int
    width: int
    gray: bool


def looks(data: Dataset) -> Iterator[Look]:
    """One for each picture, in order; pictures in one array share one.

    Raises DataError naming a file that is no picture.
    """
    if data.holds_arrays:
        yield of_arrays(data)
        return
    with ThreadPoolExecutor() as threads:
        yield from threads.map(lambda index: _header(data, index), range(len(data)))


def of_arrays(data: Dataset) -> Look:
    """What all pictures of a data set look like that holds them in one array."""
    height, width, *channels = np.asarray(data.images).shape[1:]
    return Look(height, width, channels in ([], [1]))


def of_file(file: BinaryIO) -> Look:
    """What one picture file looks like, in the way that `litescore.image` turns it.

    Raises what Pillow raises for one that it does not open: OSError, and for a strange one much else.
    """
    with Image.open(file, formats=image.FORMATS) as picture:
        width, height = _turn(picture, file).size(picture.size)
        return Look(height, width, picture.mode in _GRAY_MODES)


def _turn(picture: Image.Image, file: BinaryIO) -> Turn:
    if picture.format == "PNG":
        # Pillow decodes all of a PNG to find what it may say behind the pixels.
        if not _may_be_turned(file):
            return UPRIGHT
        picture.load()
    return turn.of_picture(picture)


def _may_be_turned(file: BinaryIO) -> bool:
    """Whether a PNG has a chunk in which EXIF or XMP may stand; also where it ends too early."""
    place = file.tell()
    try:
        file.seek(_SIGNATURE)
        while len(head := file.read(_CHUNK.size)) == _CHUNK.size:
            length, kind = _CHUNK.unpack(head)
            if kind == b"IEND":
                return False
            if kind in _SAYING:
                break
            file.seek(length + _CRC, os.SEEK_CUR)
        return True
    finally:
        file.seek(place)


def _header(data: Dataset, index: int) -> Look:
    try:
        with data.opened(index) as file:
            return of_file(file)
    except Exception:
        data.pixels(index)  # raises DataError naming the file and what is wrong with it
        raise
