"""What a zip or a tar says is inside, without unpacking it. An archive is a stranger's: what it says
of itself is bounded before it is believed.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from typing import IO, NamedTuple, cast

from litescore.dataset.picture import Span
from litescore.errors import PermanentError
from litescore.shards.member import MOST_MEMBERS

_CENTRAL_ENTRY = b"PK\x01\x02"
_TAR_END = bytes(tarfile.BLOCKSIZE)
# Bytes that a tar's header, and a zip's whole directory, may be read in.
_MOST_HEADER, _MOST_DIRECTORY = 2**20, 2**29
_UTF8, _ENCRYPTED = 0x800, 0x1
_METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
_LINK = "a link: pack the file itself"


class Entry(NamedTuple):
    """A member. `span` is None for a folder; `wrong` says why it cannot be taken, or is empty."""

    path: str
    span: Span | None
    wrong: str = ""


def members_of_zip(file: IO[bytes]) -> Iterator[Entry]:
    """Of a zip's directory. Raises PermanentError for one that is too long."""
    with zipfile.ZipFile(cast(IO[bytes], _Directory(file))) as archive:
        for info in archive.infolist():
            path = _name(info)
            if info.is_dir() or path.endswith("/"):
                yield Entry(path, None)
                continue
            span = Span(
                info.header_offset,
                info.compress_size,
                info.file_size,
                info.CRC,
                _METHODS.get(info.compress_type, ""),
            )
            yield Entry(path, span, _wrong_in_zip(info))


def _name(info: zipfile.ZipInfo) -> str:
    """macOS writes UTF-8 without saying so, which zipfile takes for a DOS encoding; some Windows
    programs write their own separator.
    """
    name = info.filename
    if not info.flag_bits & _UTF8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    return name.replace("\\", "/")


def _wrong_in_zip(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return _LINK
    if info.flag_bits & _ENCRYPTED:
        return "encrypted: pack it without a password"
    if info.compress_type not in _METHODS:
        return "packed by another method than deflate: pack it again"
    return ""


def members_of_tar(file: IO[bytes]) -> Iterator[Entry]:
    """Of a tar's headers. Raises PermanentError for one that is cut short, or broken."""
    headers = _Headers(file)
    count = 0
    with tarfile.open(fileobj=cast(IO[bytes], headers), mode="r:") as archive:
        while (entry := archive.next()) is not None:
            count += 1
            if count > MOST_MEMBERS:
                raise PermanentError("too-large", f"more than {MOST_MEMBERS:,} members")
            # A member of less than no bytes: tarfile of older Pythons reads it for ever.
            if entry.size < 0 or archive.offset <= entry.offset:
                raise PermanentError("corrupt", "a member of less than no bytes")
            if entry.isdir():
                yield Entry(entry.name, None)
            else:
                span = Span(entry.offset_data, entry.size, entry.size, None, "tar")
                yield Entry(entry.name, span, _wrong_in_tar(entry))
            # tarfile keeps every entry, for names to be found again.
            archive.members = []  # type: ignore[attr-defined]
    # At a header that is broken or missing tarfile stops as if it were done.
    if headers.last != _TAR_END:
        raise PermanentError("corrupt", "a broken header, or no end mark: it was cut short")


def _wrong_in_tar(entry: tarfile.TarInfo) -> str:
    if entry.issym() or entry.islnk():
        return _LINK
    if not entry.isreg():
        return "no file"
    return "a file with holes: pack it without --sparse" if entry.issparse() else ""


class _Bounded(io.RawIOBase):
    """A file whose reader may not ask for more than so many bytes at once."""

    most = _MOST_HEADER

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        # Room is made for all that is asked for, be it there or not.
        left = max(0, self._size - self._file.tell())
        size = left if size < 0 else min(size, left)
        if size > self.most:
            raise PermanentError("too-large", f"a header of {size:,} bytes")
        self.last = self._file.read(size)
        return self.last

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


class _Headers(_Bounded):
    """Of a tar."""


class _Directory(_Bounded):
    """Of a zip: its entries are counted before zipfile makes an object of each, which takes ten
    times their bytes.
    """

    most = _MOST_DIRECTORY

    def read(self, size: int = -1) -> bytes:
        data = super().read(size)
        if data.count(_CENTRAL_ENTRY) > MOST_MEMBERS:
            raise PermanentError("too-large", f"more than {MOST_MEMBERS:,} members")
        return data
