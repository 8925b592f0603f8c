"""JSON lines, to standard output or a file."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path
from types import TracebackType

from edge.scored import Scored
from edge.status import Status
from litescore.errors import ConfigurationError

_STDOUT = 1
# How every record's line begins, and more than any record has bytes.
_RECORD = b'{"v":'
_LONGEST = 1 << 20


class JsonLines:
    """One JSON line a record, handed to the operating system before the next frame.

    A file is appended to, so that a loop that is started again keeps what is there; None is
    standard output. Raises ConfigurationError where it cannot be opened or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.name = "stdout" if path is None else "file"
        self._name = "standard output" if path is None else str(path)
        # Unbuffered: nothing is left to be written when writing has failed, or at the end.
        try:
            if path is None:
                self._file = FileIO(_STDOUT, "w", closefd=False)
            else:
                _drop_half_line(path)
                self._file = FileIO(path, "a")
        except OSError as error:
            raise self._refusal(error) from error

    def write(self, scored: Scored) -> None:
        """Write one line. A reader of standard output that left raises BrokenPipeError."""
        rest = memoryview(scored.record.to_json().encode() + b"\n")
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._refusal(error) from error

    def status(self) -> Status:
        return Status("running")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _refusal(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"cannot write records to {self._name}: {error.strerror}")


def _drop_half_line(path: Path) -> None:
    """Take off a last line without its end: a power cut left it, and it would spoil the file.

    Raises ConfigurationError where it is no piece of a record: then the file is not ours to cut.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LONGEST))
        half = file.read().rpartition(b"\n")[2]
    if half and half[: len(_RECORD)] != _RECORD[: len(half)]:
        raise ConfigurationError(f"{path} is no file of records: name another with --out")
    if half:
        os.truncate(path, size - len(half))
