"""What was found of pictures in S3 when they were read before: unchanged ones are not read again.

    ROOT/known/<which prefixes>.npz

A listing gives each object's ETag, which is another one for other bytes: by it and the object's URL
the picture's look and the digest of its content are found again. Files on disk are always read: they
are near, and size and mtime may stay the same though a file is another. The folder may be deleted at
any time; what is damaged there counts as nothing.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL
from numpy.typing import NDArray

from litescore import image, looks, turn
from litescore.dataset import Dataset, Picture
from litescore.dataset.bucket import Bucket
from litescore.errors import ConfigurationError
from litescore.files import write_whole
from litescore.looks import Look

_FOLDER = "known"
# What finds a look: what other code found serves no more.
_CODE = (image, looks, turn)


class Facts(NamedTuple):
    """Of one picture: its size and colour, and the SHA-256 of its content."""

    look: Look
    digest: bytes


class Known:
    """Facts of the pictures of `parts`, in a folder of decoded images `root`; None: kept nowhere."""

    def __init__(self, root: Path | None, parts: Sequence[Dataset]) -> None:
        prefixes = sorted({place.prefix for part in parts for place in _buckets(part)})
        self._path = root / _FOLDER / f"{_named(*prefixes).hex()[:32]}.npz" if root else None
        self._facts = _read(self._path) if self._path and prefixes else {}

    def of(self, picture: Picture) -> Facts | None:
        """What was found when the same bytes were read, if they were."""
        return self._facts.get(_name(picture)) if self._facts else None

    def keep(self, pictures: Iterable[tuple[Picture, Facts]]) -> None:
        """Remember these, and no others: what they were read for goes on where they cannot be kept."""
        facts = {_name(one): found for one, found in pictures if _lasts(one)}
        if self._path and facts and facts != self._facts:
            with suppress(OSError, ConfigurationError):
                write_whole(self._path, _packed(facts))


def _lasts(picture: Picture) -> bool:
    return isinstance(picture.place, Bucket) and bool(picture.identity)


def _buckets(part: Dataset) -> Iterator[Bucket]:
    if not isinstance(part.images, np.ndarray):
        places = (one.place for one in part.images)
        yield from (place for place in places if isinstance(place, Bucket))


def _name(picture: Picture) -> bytes:
    return _named(str(picture), picture.identity)


def _named(*words: str) -> bytes:
    return hashlib.sha256("\n".join(words).encode("utf-8", "surrogateescape")).digest()


def _version() -> NDArray[np.uint8]:
    code = [Path(str(module.__file__)).read_bytes() for module in _CODE]
    return _bytes(hashlib.sha256(b"".join([*code, PIL.__version__.encode()])).digest())


def _packed(facts: dict[bytes, Facts]) -> bytes:
    """An .npz file, of whose arrays the zip around them holds checksums."""
    np.savez(
        held := io.BytesIO(),
        version=_version(),
        names=_bytes(b"".join(facts)),
        digests=_bytes(b"".join(one.digest for one in facts.values())),
        looks=np.array([one.look for one in facts.values()], np.int32),
    )
    return held.getvalue()


def _read(path: Path) -> dict[bytes, Facts]:
    try:
        with np.load(path) as held:
            if not np.array_equal(held["version"], _version()):
                return {}
            sides = (held[name].reshape(-1, 32) for name in ("names", "digests"))
            names, digests = ([row.tobytes() for row in side] for side in sides)
            found = [Look(h, w, bool(gray)) for h, w, gray in held["looks"].tolist()]
        rows = zip(names, found, digests, strict=True)
        return {name: Facts(look, digest) for name, look, digest in rows}
    except Exception:  # noqa: BLE001 - zipfile and numpy raise many for a damaged file.
        return {}


def _bytes(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8)
