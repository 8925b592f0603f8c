"""A file or object copied to disk, going on from what is there already."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from litescore.errors import ConfigurationError, PermanentError, TransientError
from litescore.record import Subject
from litescore.store import buckets, http, refusals, s3

_PIECE = 2**20
# What came of less is lost where the transfer breaks off: a line may break often.
_LEAST = 2**14


def complete(
    url: str, part: Path, size: int, *, between: Callable[[], None] = lambda: None
) -> None:
    """Append to `part` what it lacks of the `size` bytes at a path, s3:// or web URL; what is there is
    taken for its beginning. Bytes beyond `size` are not asked for.

    between  is called after each piece, and may end it by what it raises; what came is kept

    Raises TransientError where the transfer breaks off, with what came of it in `part`;
    PermanentError for what is not there or may not be read; ConfigurationError where the disk does
    not take it.
    """
    done = part.stat().st_size if part.exists() else 0
    if done > size:
        part.unlink()
        done = 0
    pieces = _of_object(url, done, size) if s3.is_s3(url) else _of_file(Path(url), done, size)
    pieces = http.pieces(url, done, size) if http.is_http(url) else pieces
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file:
            _write(file, pieces, between)
    except OSError as error:
        raise ConfigurationError(f"cannot write {part}: {error.strerror or error}") from error


def _write(file: IO[bytes], pieces: Iterator[bytes], between: Callable[[], None]) -> None:
    try:
        for piece in pieces:
            file.write(piece)
            between()
    finally:
        file.flush()
        os.fsync(file.fileno())


def _of_object(url: str, done: int, size: int) -> Iterator[bytes]:
    import obstore

    if done >= size:
        return
    bucket, key = s3.split(url)
    try:
        result = obstore.get(buckets.bucket(bucket), key, options={"range": (done, size)})
        for piece in result.stream(min_chunk_size=_LEAST):
            yield bytes(piece)
    except (FileNotFoundError, obstore.exceptions.BaseError) as error:
        no = s3.refusal(error)
        raise refusals.of_object(no, Subject(url), bucket, conditional=False) from error


def _of_file(path: Path, done: int, size: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(done)
            while done < size and (piece := file.read(min(_PIECE, size - done))):
                done += len(piece)
                yield piece
    except FileNotFoundError:
        raise PermanentError("gone", f"no such file: {path}") from None
    except OSError as error:
        # A stick that was pulled out comes back.
        raise TransientError(f"cannot read {path}: {error.strerror}") from error
