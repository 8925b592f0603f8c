"""What a shard's reader hands out, and what bounds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from litescore.errors import PermanentError
from litescore.settings import Settings

MOST_MEMBERS = 1_000_000
# Unpacked over packed size, from which on it is no archive of images: deflate reaches 1,032.
_MOST_RATIO = 200


@dataclass(frozen=True)
class Member:
    """One image of a shard.

    name     path inside the archive, `x_test[17]` in .npz, `17` in IDX; None for the shard itself
    content  encoded bytes; pixels uint8[h, w] or [h, w, 1 or 3]; or why there are none
    """

    name: str | None
    content: bytes | NDArray[np.uint8] | PermanentError


@dataclass(frozen=True)
class Limits:
    """What a shard may unpack to: bytes of a member, pixels of a picture, bytes in all."""

    member: int
    pixels: int
    total: int

    @classmethod
    def of(cls, packed: int, settings: Settings) -> Limits:
        """Of a shard of so many packed bytes."""
        likely = max(_MOST_RATIO * packed, settings.max_bytes)
        total = min(settings.max_shard_bytes, likely)
        return cls(settings.max_bytes, settings.max_pixels, total)

    def check_total(self, size: int) -> None:
        """Raises PermanentError `too-large` for a shard that unpacks to so many bytes."""
        if size > self.total:
            raise PermanentError("too-large", f"unpacks to more than {self.total:,} bytes")


def exactly(stream: IO[bytes], size: int) -> bytes:
    """So many bytes of a stream. Raises EOFError where it ends before."""
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("it ends too early")
    return data


def broken(error: Exception) -> PermanentError:
    """The `corrupt` (or `unsupported`, `too-large`) that stands for what reading a shard raised."""
    if isinstance(error, MemoryError):
        return PermanentError("too-large", "not enough memory to unpack")
    # zipfile, tarfile, gzip and numpy raise a dozen sorts, by what is broken where.
    kind = "unsupported" if isinstance(error, NotImplementedError) else "corrupt"
    return PermanentError(kind, f"{type(error).__name__}: {error}".splitlines()[0][:200])
