"""The class folders. A picture is staged, then its decision is logged, then it is moved into place.

Whatever instant a process is killed at, no picture is under a label that the log does not say: before
the log's line there is a staged file, which the next start removes; behind it the next start moves
that into place.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from contextlib import suppress
from pathlib import Path

from litescore.errors import ConfigurationError
from litescore.files import write_whole
from litescore.review.log import Decision

# With a dot in front: reading a data set passes over them.
_STAGED = ".staged"
REJECTED = ".rejected"


class Folders:
    """Below `root` a folder a class, `root/<folder>/<id>.<suffix>`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def stage(self, file: str, data: bytes) -> None:
        """Have a picture ready, and the folder that it will be in. Raises ConfigurationError."""
        path = self.root / file
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"cannot make {path.parent}: {error.strerror}") from error
        write_whole(self.root / _STAGED / path.name, data)

    def settle(self, decision: Decision, source: Path | None) -> None:
        """Bring about what the log says of a decision; a second time it changes nothing.

        source  where the picture was, for one that is moved
        """
        if decision.file is None:
            return
        path = self.root / decision.file
        staged = self.root / _STAGED / path.name
        if staged.exists():
            staged.replace(path)
            _sync(path.parent)
        if decision.moved and source is not None and _are_same(source, path):
            source.unlink()

    def unsettle(self, decision: Decision, source: Path | None) -> None:
        """Bring about what the log says of a decision that is undone; again and again the same."""
        if decision.file is None:
            return
        path = self.root / decision.file
        if decision.moved and source is not None and path.exists():
            if not source.exists():
                # Another disk may hold it, to which nothing can be renamed.
                write_whole(source, path.read_bytes())
            elif not _are_same(source, path):
                # Another picture has its name by now: this one waits no more, but is not lost.
                (self.root / REJECTED).mkdir(exist_ok=True)
                path.replace(self.root / REJECTED / path.name)
                return
        if path.is_file():
            path.unlink()
        # The class of a single picture that was none.
        with suppress(OSError):
            path.parent.rmdir()

    def clear(self) -> None:
        """Remove what was staged and never logged."""
        shutil.rmtree(self.root / _STAGED, ignore_errors=True)


def _are_same(source: Path, path: Path) -> bool:
    """Whether both hold the same picture: a new one may have come under the name of one that left."""
    return source.is_file() and path.is_file() and filecmp.cmp(source, path, shallow=False)


def _sync(folder: Path) -> None:
    """Have the disk know the names in a folder; Windows opens none."""
    with suppress(OSError):
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
