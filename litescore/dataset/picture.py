"""One stored picture: where it lies, what it is called, and how its bytes are read."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Protocol

from litescore import image


class Span(NamedTuple):
    """Where a picture lies inside an archive.

    start    offset of its header in a zip, of its bytes in a tar
    packed   bytes that it takes there
    size     bytes that it unpacks to
    crc      CRC-32 of those, None where the archive has none
    method   `tar`, `stored` or `deflated`
    """

    start: int
    packed: int
    size: int
    crc: int | None
    method: str


class Place(Protocol):
    """What holds pictures: a folder, an archive, a bucket.

    It is a plain value, open nowhere: threads share it, and it goes to other processes as it is.
    """

    def where(self, picture: Picture) -> str:
        """Where a picture is, for people."""
        ...

    def read(self, picture: Picture) -> bytes:
        """A picture's bytes. Raises DataError naming it."""
        ...

    def opened(self, picture: Picture) -> BinaryIO:
        """A picture to be read in parts. Raises DataError naming it."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture. Two of one `str` and one identity have the same bytes.

    place     what holds it
    path      of it below the data set's root, with `/` between folders; or all that a manifest says
    identity  cheap to know and new when the bytes are: size and mtime, an ETag
    span      where it lies inside its archive, None outside of archives
    """

    place: Place
    path: str
    identity: str
    span: Span | None = None

    def __str__(self) -> str:
        return self.place.where(self)

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]

    def read(self) -> bytes:
        """The file's bytes, from any thread or process. Raises DataError naming it."""
        return self.place.read(self)

    def opened(self) -> BinaryIO:
        """The file to be read in parts, as its header. Raises DataError naming it."""
        return self.place.opened(self)


class ReadWhole:
    """A place that can only read whole pictures."""

    def read(self, picture: Picture) -> bytes:
        """To be given by the subclass; as `Place.read`."""
        raise NotImplementedError

    def opened(self, picture: Picture) -> BinaryIO:
        """All of it is read first."""
        return io.BytesIO(self.read(picture))


def label_of(name: str) -> str:
    """A class name as it counts: macOS takes accents apart, and blanks at its ends nobody sees."""
    return unicodedata.normalize("NFC", name).strip()


def order_of(path: str) -> tuple[tuple[str, ...], str]:
    """What pictures are sorted by: folder by folder, whoever wrote the accents how."""
    return tuple(unicodedata.normalize("NFC", path).split("/")), path


def is_picture(path: str) -> bool:
    """Whether a path is named like a picture.

    Names with a dot in front are what systems leave beside pictures, such as macOS' `._a.jpg`.
    """
    name = path.rpartition("/")[2].lower()
    return not name.startswith(".") and name.endswith(image.SUFFIXES)


def is_inside(path: str) -> bool:
    """Whether a path leads to something below where it starts."""
    parts = path.split("/")
    return not (set(parts) & {"", ".", ".."} or parts[0].endswith(":"))
