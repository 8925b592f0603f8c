"""What a TIFF says of its tiles, which its decoder unpacks whole, however small the picture is."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from litescore.errors import PermanentError

# TIFF 6.0, sections 2 and 15. Numbers that libtiff takes for a size; negative ones it refuses.
_WIDTH, _LENGTH = 322, 323
_FORMS = {1: "B", 6: "B", 3: "H", 8: "H", 4: "I", 9: "I", 13: "I", 16: "Q", 17: "Q"}
_BIG = 43

# A tile of so many pixels may be larger than its picture: four times what writers take.
_USUAL = 2048 * 2048


def check_tiles(data: bytes, pixels: int) -> None:
    """Raises PermanentError `too-large` for a TIFF whose tiles are larger than the picture, which
    has so many pixels, and than any that are written.

    Of a tag that is there twice Pillow believes the one and libtiff the other: the largest counts.
    """
    sizes = {_WIDTH: 0, _LENGTH: 0}
    for tag, value in _tiles(data):
        sizes[tag] = max(sizes[tag], value)
    if sizes[_WIDTH] * sizes[_LENGTH] > max(pixels, _USUAL):
        tiles = f"tiles of {sizes[_WIDTH]} x {sizes[_LENGTH]} pixels"
        raise PermanentError("too-large", f"{tiles} in a picture of {pixels:,}")


def _tiles(data: bytes) -> Iterator[tuple[int, int]]:
    """The tag and value of each entry of the first directory that is about tiles."""
    order = "<" if data[:2] == b"II" else ">"
    (version,) = struct.unpack_from(f"{order}H", data, 2)
    # Where the first directory is, how many entries it has, and a tag, its type and its count.
    first, many, entry, room = (8, "Q", "HHQ", 8) if version == _BIG else (4, "I", "HHI", 4)
    counted = "Q" if version == _BIG else "H"
    (at,) = struct.unpack_from(order + many, data, first)
    (count,) = struct.unpack_from(order + counted, data, at)
    at += struct.calcsize(order + counted)
    for _ in range(count):
        tag, kind, _ = struct.unpack_from(order + entry, data, at)
        at += struct.calcsize(order + entry)
        if kind in _FORMS and tag in (_WIDTH, _LENGTH):
            form, place = order + _FORMS[kind], at
            if struct.calcsize(form) > room:
                (place,) = struct.unpack_from(order + many, data, at)
            yield tag, struct.unpack_from(form, data, place)[0]
        at += room
