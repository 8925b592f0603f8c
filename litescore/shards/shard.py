"""Which file is a shard, and its images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from litescore.errors import PermanentError
from litescore.settings import Settings
from litescore.shards.archives import read_tar, read_tar_gz, read_zip
from litescore.shards.arrays import read_idx, read_npz
from litescore.shards.member import MOST_MEMBERS, Limits, Member, broken

_Reader: TypeAlias = Callable[[bytes, Limits], Iterator[Member]]

_READERS: dict[str, _Reader] = {
    ".zip": read_zip,
    ".tar": read_tar,
    ".tar.gz": read_tar_gz,
    ".tgz": read_tar_gz,
    ".npz": read_npz,
    "idx3-ubyte": read_idx,
    "idx3-ubyte.gz": read_idx,
    "idx4-ubyte": read_idx,
    "idx4-ubyte.gz": read_idx,
}


def is_shard(source: str) -> bool:
    """Whether the name of a file or object says that it holds many images."""
    return _reader(source) is not None


def members(source: str, data: bytes, settings: Settings) -> Iterator[Member]:
    """The images of a shard's bytes, in its order; of an archive those that are named like images.

    A member that cannot be taken has its PermanentError: `too-large`, `corrupt`, or `unsupported`
    (encrypted, or an archive itself). A shard that is broken, holds no image or unpacks to too
    much ends with a member whose name is None, after those that came before.
    """
    reader = _reader(source)
    if reader is None:
        raise ValueError(f"{source} is not named like a shard")
    count = 0
    try:
        for count, member in enumerate(reader(data, Limits.of(len(data), settings)), 1):
            if count > MOST_MEMBERS:
                raise PermanentError("too-large", f"more than {MOST_MEMBERS:,} images")
            yield member
    except PermanentError as error:
        yield Member(None, error)
    except Exception as error:  # noqa: BLE001
        yield Member(None, broken(error))
    else:
        if not count:
            yield Member(None, PermanentError("unsupported", "no images inside"))


def _reader(source: str) -> _Reader | None:
    name = source.lower()
    return next((read for ending, read in _READERS.items() if name.endswith(ending)), None)
