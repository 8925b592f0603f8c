"""Archives of files: zip, tar, tar.gz."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from typing import IO, cast

from litescore.errors import PermanentError
from litescore.image import SUFFIXES
from litescore.shards.member import MOST_MEMBERS, Limits, Member, broken, exactly

_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".gz", ".npz", ".7z", ".rar", ".bz2", ".xz", ".zst")
# What a tar archive ends with, and the least that its headers may be read in.
_TAR_END = bytes(tarfile.BLOCKSIZE)
_TAR_READ = 2**20
_CENTRAL_ENTRY = b"PK\x01\x02"


def read_zip(data: bytes, limits: Limits) -> Iterator[Member]:
    """The pictures of a zip, in the order of its directory."""
    with opened_zip(data) as archive:
        # Of members with one name the last holds, as it would on a disk.
        entries = [archive.NameToInfo[name] for name in dict.fromkeys(archive.namelist())]
        limits.check_total(sum(entry.file_size for entry in entries))
        for entry in entries:
            if not entry.is_dir() and _counts(entry.filename):
                yield Member(entry.filename, _content_of(archive, entry, limits))


def opened_zip(data: bytes) -> zipfile.ZipFile:
    """A zip with its directory read. Raises PermanentError for more members than are taken."""
    # Counted before zipfile makes an object of each, which takes ten times their bytes.
    if data.count(_CENTRAL_ENTRY) > MOST_MEMBERS:
        raise PermanentError("too-large", f"more than {MOST_MEMBERS:,} members")
    return zipfile.ZipFile(io.BytesIO(data))


def _content_of(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits
) -> bytes | PermanentError:
    try:
        _check_member(entry.filename, entry.file_size, limits)
        with opened_member(archive, entry) as stream:
            return exactly(stream, entry.file_size)
    except PermanentError as error:
        return error
    except Exception as error:  # noqa: BLE001
        return broken(error)


def opened_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    """A member to be read, in sizes only: without one zipfile unpacks all that there is.

    Raises PermanentError `unsupported` for one that is encrypted or oddly packed.
    """
    if entry.flag_bits & 0x1:
        raise PermanentError("unsupported", "encrypted: pack it without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise PermanentError("unsupported", "packed by another method than deflate")
    return archive.open(entry)


def read_tar(data: bytes, limits: Limits) -> Iterator[Member]:
    """The pictures of a tar."""
    return _read_tar_stream(io.BytesIO(data), limits)


def read_tar_gz(data: bytes, limits: Limits) -> Iterator[Member]:
    """The pictures of a gzipped tar."""
    return _read_tar_stream(ungzipped(data), limits)


def ungzipped(data: bytes) -> IO[bytes]:
    """A stream of what gzipped bytes unpack to."""
    return cast(IO[bytes], gzip.GzipFile(fileobj=io.BytesIO(data)))


def _read_tar_stream(stream: IO[bytes], limits: Limits) -> Iterator[Member]:
    measured = _Measured(stream, limits)
    with tarfile.open(fileobj=measured, mode="r:") as archive:
        while (entry := archive.next()) is not None:
            # A member of less than no bytes: tarfile of older Pythons reads it for ever.
            if entry.size < 0 or archive.offset <= entry.offset:
                raise PermanentError("corrupt", "a member of less than no bytes")
            if entry.isreg() and _counts(entry.name):
                yield Member(entry.name, _tar_content(archive, entry, limits))
            # tarfile keeps every entry, for names to be found again.
            archive.members = []  # type: ignore[attr-defined]
    # At a header that is broken or missing tarfile stops as if it were done.
    if measured.last != _TAR_END:
        raise PermanentError("corrupt", "a broken header, or no end mark: it was cut short")
    # The checksum of gzip stands at its very end.
    while measured.read(_TAR_READ):
        pass


def _tar_content(
    archive: tarfile.TarFile, entry: tarfile.TarInfo, limits: Limits
) -> bytes | PermanentError:
    try:
        _check_member(entry.name, entry.size, limits)
    except PermanentError as error:
        return error
    # Its zeros are not in the archive, where they would count to what it unpacks to.
    if entry.issparse():
        return PermanentError("unsupported", "a file with holes: pack it without --sparse")
    stream = archive.extractfile(entry)
    return exactly(stream, entry.size) if stream else b""


class _Measured(io.RawIOBase):
    """A stream that refuses to unpack more than the limits: at once, or in all."""

    def __init__(self, stream: IO[bytes], limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        # A header, too, may ask for gigabytes.
        if size > max(self._limits.member, _TAR_READ):
            raise PermanentError("too-large", f"a header of {size:,} bytes")
        self.last = self._stream.read(size)
        self._limits.check_total(self._stream.tell())
        return self.last

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        self._limits.check_total(place)
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _counts(name: str) -> bool:
    """Whether a member is an image, or an archive, which is refused; others are left out."""
    file = name.rpartition("/")[2].lower()
    hidden = file.startswith(".") or name.startswith("__MACOSX/")
    return file.endswith((*SUFFIXES, *_ARCHIVES)) and not hidden


def _check_member(name: str, size: int, limits: Limits) -> None:
    if name.lower().endswith(_ARCHIVES):
        raise PermanentError("unsupported", "an archive inside an archive: give it by itself")
    if size > limits.member:
        raise PermanentError("too-large", f"{size:,} bytes, the limit is {limits.member:,}")
