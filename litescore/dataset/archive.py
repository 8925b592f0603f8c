"""Pictures in a zip or tar file on disk: listed once, and each read from where it lies."""

from __future__ import annotations

import gzip
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from litescore import store
from litescore.dataset import spool, tree
from litescore.dataset.members import Entry, members_of_tar, members_of_zip
from litescore.dataset.picture import Picture, ReadWhole, Span, is_inside, is_picture
from litescore.dataset.tree import Listing
from litescore.errors import DataError, LitescoreError, PermanentError
from litescore.settings import Settings
from litescore.shards.member import broken

# A zip's header of a member: what comes before its name, and where the lengths of that and of what
# follows it stand.
_HEADER, _LENGTHS = 30, struct.Struct("<26xHH")
_SIGNATURE = b"PK\x03\x04"
_GZIPPED = (".tar.gz", ".tgz")
# Unpacked over packed size, from which on gzip packed no pictures.
_MOST_RATIO = 200
_PIECE = 2**20


@dataclass(frozen=True)
class Archive(ReadWhole):
    """An archive at `path`, called `name`; `state` is its size and mtime when it was listed."""

    path: str
    name: str
    state: str

    def where(self, picture: Picture) -> str:
        """The archive and the path in it."""
        return f"{self.name}: {picture.path}"

    def read(self, picture: Picture) -> bytes:
        """Raises DataError also where the archive is another than was listed."""
        assert picture.span is not None
        try:
            with Path(self.path).open("rb") as file:
                if _state(file) != self.state:
                    raise DataError(f"{self.name} was changed after it was listed: start again")
                return _content(file, picture.span)
        except (OSError, EOFError, zlib.error, struct.error) as error:
            raise DataError(f"cannot use {picture}: {error}; pack the archive again") from error


def listed(path: Path, name: str, title: str, identity: str | None = None) -> Listing:
    """The pictures of the archive at `path`, which people know as `name`, of the data set `title`.

    identity  of the archive; its size and mtime where none is given

    Nothing is unpacked, but for a gzipped tar, into a temporary file. One folder that holds all
    the others is passed over. Raises DataError for an archive that is broken, and for members that
    no honest archive has: out of the folder, links, two of one name, larger than allowed.
    """
    identity = identity or store.file_etag(path)
    reader = members_of_zip if name.lower().endswith(".zip") else members_of_tar
    if name.lower().endswith(_GZIPPED):
        path = _ungzipped(path, name, identity)
    try:
        with path.open("rb") as file:
            place = Archive(str(path), name, _state(file))
            entries = _honest(reader(file), name)
    except LitescoreError as error:
        if isinstance(error, PermanentError):
            raise DataError(f"cannot use {name}: {error.reason}") from error
        raise
    except Exception as error:
        # zipfile and tarfile raise a dozen sorts, by what is broken where.
        reason = broken(error).reason
        raise DataError(f"cannot use {name}: {reason}; pack it again") from error
    return _unwrapped(_listing(entries, place, title, identity))


def _listing(entries: dict[str, Entry], place: Archive, title: str, identity: str) -> Listing:
    pictures, folders, others = [], set(), []
    for path, entry in entries.items():
        if entry.span is None:
            folders.add(tuple(path.split("/")))
        elif is_picture(path):
            own = f"{identity}:{entry.span.start}"
            pictures.append(Picture(place, path, own, entry.span))
        else:
            others.append(path)
    return Listing(title, place.name, tuple(pictures), frozenset(folders), tuple(others))


def _unwrapped(listing: Listing) -> Listing:
    """The listing as seen from inside the one folder that holds all, where there is one."""
    parts = tree.unwrapped(listing)
    depth = len(parts)
    if not parts:
        return listing
    above = "/".join(parts) + "/"
    pictures = [p for p in listing.pictures if p.path.startswith(above)]
    return replace(
        listing,
        pictures=tuple(replace(p, path=p.path.removeprefix(above)) for p in pictures),
        folders=frozenset(f[depth:] for f in listing.folders if f[:depth] == parts),
        others=tuple(p.removeprefix(above) for p in listing.others if p.startswith(above)),
    )


def _honest(entries: Iterator[Entry], name: str) -> dict[str, Entry]:
    """Path -> entry. Raises DataError for what an archive of pictures has no reason to hold."""
    found: dict[str, Entry] = {}
    most = Settings.read().max_bytes
    for entry in entries:
        path = entry.path.removesuffix("/")
        while path.startswith("./"):
            path = path[2:]
        if path in ("", "."):
            continue
        if not is_inside(path):
            raise DataError(f"{name}: member {entry.path!r} leads out of the archive: leave it out")
        if entry.span is None:
            found.setdefault(path, entry)
            continue
        if is_picture(path):
            if path in found:
                raise DataError(f"{name}: two members are called {path!r}: leave one out")
            _check(entry, name, path, most)
        found[path] = entry
    return found


def _check(entry: Entry, name: str, path: str, most: int) -> None:
    assert entry.span is not None
    if entry.wrong:
        raise DataError(f"{name}: member {path!r} is {entry.wrong}")
    span = entry.span
    if span.size > most:
        raise DataError(
            f"{name}: member {path!r} has {span.size:,} bytes, LITESCORE_MAX_BYTES is {most:,}"
        )
    if span.packed > span.size + span.size // 100 + 1024:
        raise DataError(f"{name}: member {path!r} is corrupt: it takes more bytes than it holds")


def _content(file: IO[bytes], span: Span) -> bytes:
    file.seek(span.start)
    if span.method == "tar":
        return _exactly(file, span.size)
    header = _exactly(file, _HEADER)
    if not header.startswith(_SIGNATURE):
        raise EOFError("corrupt: no member where the directory says that one is")
    file.seek(sum(_LENGTHS.unpack(header)), os.SEEK_CUR)
    data = _exactly(file, span.packed)
    if span.method == "deflated":
        # A byte more than it says tells one that lies; the rest is never unpacked.
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, span.size + 1)
    if len(data) != span.size or zlib.crc32(data) != span.crc:
        raise EOFError("corrupt: its checksum is wrong")
    return data


def _exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise EOFError("corrupt: it ends too early")
    return data


def _state(file: IO[bytes]) -> str:
    status = os.fstat(file.fileno())
    assert stat.S_ISREG(status.st_mode)
    return f"{status.st_size}-{status.st_mtime_ns}"


def _ungzipped(path: Path, name: str, identity: str) -> Path:
    packed = path.stat().st_size
    most = max(_MOST_RATIO * packed, _PIECE)

    def pieces() -> Iterator[bytes]:
        total = 0
        try:
            with gzip.open(path) as stream:
                while piece := stream.read(_PIECE):
                    total += len(piece)
                    if total > most:
                        raise DataError(f"{name} unpacks to more than {most:,} bytes")
                    yield piece
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"cannot use {name}: {error}; pack it again") from error

    return spool.copy(name, f"{identity}:unpacked", pieces, least=packed)
