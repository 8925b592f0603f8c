"""Which file is a shard, and its images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from litescore.errors import PermanentError
from litescore.settings import Settings

if TYPE_CHECKING:
    from litescore.shards.member import Limits, Member

_Reader: TypeAlias = "Callable[[bytes, Limits], Iterator[Member]]"

# Ending of a name -> where its reader is: loaded when there is such a shard.
_READERS = {
    ".zip": ("archives", "read_zip"),
    ".tar": ("archives", "read_tar"),
    ".tar.gz": ("archives", "read_tar_gz"),
    ".tgz": ("archives", "read_tar_gz"),
    ".npz": ("arrays", "read_npz"),
    "idx3-ubyte": ("arrays", "read_idx"),
    "idx3-ubyte.gz": ("arrays", "read_idx"),
    "idx4-ubyte": ("arrays", "read_idx"),
    "idx4-ubyte.gz": ("arrays", "read_idx"),
}
_ENDINGS = tuple(_READERS)


def is_shard(source: str) -> bool:
    """Whether the name of a file or object says that it holds many images."""
    return source.lower().endswith(_ENDINGS)


def members(source: str, data: bytes, settings: Settings) -> Iterator[Member]:
    """The images of a shard's bytes, in its order; of an archive those that are named like images.

    A member that cannot be taken has its PermanentError: `too-large`, `corrupt`, or `unsupported`
    (encrypted, or an archive itself). A shard that is broken, holds no image or unpacks to too
    much ends with a member whose name is None, after those that came before.
    """
    # As its reader: names are asked about by every program, and few meet a shard.
    from litescore.shards.member import MOST_MEMBERS, Limits, Member, broken

    reader = _reader(source)
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


def _reader(source: str) -> _Reader:
    """Raises ValueError for a name that no shard has."""
    name = source.lower()
    for ending, (module, function) in _READERS.items():
        if name.endswith(ending):
            reader: _Reader = getattr(import_module(f"litescore.shards.{module}"), function)
            return reader
    raise ValueError(f"{source} is not named like a shard")
