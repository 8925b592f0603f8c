"""Pictures in a folder on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from litescore import store
from litescore.dataset.picture import Picture, is_picture
from litescore.dataset.tree import Listing
from litescore.errors import DataError

# A class folder, and the part that it lies in, may be links; inside of it no link to a folder is
# followed, for it may lead back.
_LINKED = 2


@dataclass(frozen=True)
class Folder:
    """Files below `root`; a path that is absolute stands for itself."""

    root: str

    def where(self, picture: Picture) -> str:
        """The file's path."""
        return str(self._path(picture))

    def read(self, picture: Picture) -> bytes:
        """Raises DataError where the file cannot be read."""
        try:
            return self._path(picture).read_bytes()
        except OSError as error:
            raise _unreadable(self.where(picture), error) from error

    def opened(self, picture: Picture) -> BinaryIO:
        """Raises DataError where the file cannot be opened; a later read raises OSError."""
        try:
            return self._path(picture).open("rb")
        except OSError as error:
            raise _unreadable(self.where(picture), error) from error

    def _path(self, picture: Picture) -> Path:
        return Path(self.root, picture.path)

    def identity(self, path: str) -> str:
        """Size and mtime of a file, empty where there is none."""
        try:
            return store.file_etag(Path(self.root, path))
        except OSError:
            return ""


def listed(root: Path) -> Listing:
    """All that lies in a folder. Raises DataError naming a folder that may not be read."""
    place, pictures, folders, others = Folder(str(root)), [], set(), []
    for entry, path in _walk(root, ()):
        if entry.is_dir():
            folders.add(path)
        elif is_picture(entry.name):
            name = "/".join(path)
            pictures.append(Picture(place, name, place.identity(name)))
        else:
            others.append("/".join(path))
    return Listing(root.name, str(root), tuple(pictures), frozenset(folders), tuple(others))


def _walk(root: Path, above: tuple[str, ...]) -> Iterator[tuple[os.DirEntry[str], tuple[str, ...]]]:
    try:
        with os.scandir(root) as held:
            entries = list(held)
    except OSError as error:
        raise DataError(f"cannot list {root}: {error.strerror}") from error
    for entry in entries:
        path = (*above, entry.name)
        yield entry, path
        if entry.is_dir(follow_symlinks=len(path) <= _LINKED):
            yield from _walk(Path(entry.path), path)


def _unreadable(where: str, error: OSError) -> DataError:
    return DataError(f"cannot use {where}: {error}; remove it or mend it")
