"""What is a JPEG's own: decoding at a fraction of its size, and scans, of which there may be many.

It knows bytes and Pillow's opened picture; what a model wants of them is `litescore.image`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from PIL import Image

from litescore.errors import PermanentError

# What libjpeg scales by with little work, largest first.
SCALES = (8, 4, 2)
# As libtiff holds it. Encoders make ten or so; each costs a walk over the whole picture, and may be
# of a few bytes.
MOST_SCANS = 100

# Two or more frames: cameras' MPO, opened as the JPEG that it begins with.
_FORMATS = ("JPEG", "MPO")
# A marker that is no restart, as opposed to padding and an FF among the pixels (ITU-T T.81, B.1.1).
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_ALONE = (0x01, 0xD8)  # TEM and SOI: no length follows
_END, _SCAN = 0xD9, 0xDA
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
_PROGRESSIVE = (0xC2, 0xCA)


def is_jpeg(picture: Image.Image) -> bool:
    """Whether libjpeg will decode it."""
    return picture.format in _FORMATS


def shrink(picture: Image.Image, scale: int) -> bool:
    """Have a JPEG that is opened and not decoded yet decoded to a 2nd, 4th or 8th each way, rounded
    up, in the mode it has; False where that cannot be.
    """
    size = (picture.width // scale, picture.height // scale)
    return picture.draft(picture.mode, size) is not None


def is_gathered(data: bytes) -> bool:
    """Whether the decoder holds the whole of a JPEG, whatever it is scaled to: of a progressive one,
    and of one whose colours come one after the other.
    """
    colors = 0
    for marker, at in _segments(data):
        if marker in _FRAMES:
            colors = data[at + 7] if at + 7 < len(data) else 0
            if marker in _PROGRESSIVE:
                return True
        elif marker == _SCAN:
            return data[at + 2 : at + 3] != bytes([colors])
    return False


def check_scans(data: bytes) -> None:
    """Raises PermanentError `too-large` for more scans than any encoder makes."""
    if is_gathered(data):
        scans = (marker for marker, _ in _segments(data) if marker == _SCAN)
        if next(islice(scans, MOST_SCANS, None), None) is not None:
            raise PermanentError("too-large", f"more than {MOST_SCANS} scans")


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Each marker up to the picture's end, and where its segment begins, by its length."""
    at = 2
    while found := _MARKER.search(data, at):
        marker, at = data[found.end() - 1], found.end()
        if marker == _END:
            return
        if marker not in _ALONE:
            yield marker, at
            at += int.from_bytes(data[at : at + 2])
