"""What is done with a lot of pictures: looked at and named by content, or decoded into a file.

Run in worker processes. A picture becomes a tensor by `litescore.image` alone, as scoring has it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litescore import image, looks
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import ConfigurationError, DataError, PermanentError
from litescore.looks import Look
from trainer.images.entry import write
from trainer.images.workers import check_stop

# Pictures that a worker is given at once: little enough that none waits for another at the end.
LOT = 32
# Around what the data set says of one picture; all of them are told in one sentence.
_CANNOT, _MEND = "cannot use ", "; remove it or mend it"


@dataclass
class Seen:
    """A lot that was looked at, picture by picture.

    looks     what each is like; none for arrays, which all are alike
    digests   the SHA-256 of each one's content, 32 bytes
    problems  of those that cannot be used, for people
    """

    looks: list[Look] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class Decoded:
    """A lot that was decoded: which rows were written, and the CRC-32 of each; what failed."""

    rows: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def lots(count: int) -> Iterator[range]:
    """0..count cut into lots."""
    return (range(first, min(first + LOT, count)) for first in range(0, count, LOT))


def look(part: Dataset) -> Seen:
    """Look at every picture of `part`."""
    seen = Seen()
    for index in range(len(part)):
        check_stop()
        with _noting(part, index, seen.problems):
            data = content(part, index)
            seen.digests.append(hashlib.sha256(data).digest())
            if not part.holds_arrays:
                seen.looks.append(_look(data))
    return seen


def decode(
    part: Dataset,
    digests: NDArray[np.uint8],
    rows: NDArray[np.int64],
    contract: Contract,
    path: Path,
    offset: int,
) -> Decoded:
    """Decode every picture of `part` into the file at `path`: the one whose digest is digests[i] to
    the place of the tensor number rows[i], of which the first begins at `offset`.

    Raises ConfigurationError where the file cannot be written.
    """
    done, budget = Decoded(), image.PixelBudget()
    try:
        # Written, not mapped: a disk that is full is an error then, and no SIGBUS.
        with path.open("r+b", buffering=0) as file:
            for index, row in enumerate(rows.tolist()):
                check_stop()
                with _noting(part, index, done.problems):
                    tensor = _tensor(part, index, digests[index].tobytes(), contract, budget)
                    done.sums.append(write(file, offset, row, tensor))
                    done.rows.append(row)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write decoded images to {path}: {error.strerror or error}; name another folder "
            "with --cache"
        ) from error
    return done


def content(data: Dataset, index: int) -> bytes:
    """What a picture is told apart by: its file's bytes, or an array's shape and pixels."""
    if not data.holds_arrays:
        return data.content(index)
    pixels = np.ascontiguousarray(data.pixels(index))
    return repr(pixels.shape).encode() + pixels.tobytes()


def _tensor(
    part: Dataset, index: int, digest: bytes, contract: Contract, budget: image.PixelBudget
) -> NDArray[np.uint8]:
    data = content(part, index)
    if hashlib.sha256(data).digest() != digest:
        raise DataError(f"{part.where(index)} changed while it was read")
    if part.holds_arrays:
        return image.fit_stored(part.pixels(index), contract)
    return image.decode_to_tensor(data, contract, budget=budget)


def _look(data: bytes) -> Look:
    try:
        return looks.of_file(io.BytesIO(data))
    except Exception as error:
        image.decode(data)  # says what is wrong with it
        raise PermanentError("corrupt", f"its header: {error}") from error


@contextmanager
def _noting(part: Dataset, index: int, problems: list[str]) -> Iterator[None]:
    """What is wrong with a picture is noted, and its neighbours go on."""
    try:
        yield
    except PermanentError as error:
        problems.append(f"{part.where(index)}: {error}")
    except DataError as error:
        problems.append(str(error).removeprefix(_CANNOT).removesuffix(_MEND))
