"""One image on its way to the model: its bytes, then its tensor, or why there is none.

It does not know of other images.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from litescore import image, store
from litescore.contract import Contract
from litescore.errors import ImageError, PermanentError
from litescore.record import Subject
from litescore.settings import Settings


@dataclass(slots=True, eq=False, repr=False)
class Fetched:
    """A subject on its way: fetched (data; pixels in some shards), then decoded (tensor), or failed
    (error).

    asked    the subject as it came in; of a shard's member the shard
    subject  with the member's name, and the ETag and version it was read under
    size     bytes that were fetched or unpacked
    fetching, decoding  seconds that took
    """

    asked: Subject
    subject: Subject
    data: bytes | NDArray[np.uint8] | None = None
    tensor: image.Tensor | None = None
    error: ImageError | None = None
    modified: datetime | None = None
    size: int = 0
    fetching: float = 0.0
    decoding: float = 0.0

    @property
    def is_asked(self) -> bool:
        """Whether it is still to be fetched."""
        return self.data is None and self.tensor is None and self.error is None


def read(asked: Subject, max_bytes: int) -> Fetched:
    """The bytes of a subject, of so many at most, or the ImageError that stands for them."""
    start = perf_counter()
    try:
        blob = store.read(asked, max_bytes=max_bytes)
    except ImageError as error:
        return Fetched(asked, asked, error=bare(error), fetching=perf_counter() - start)
    etag, version = asked.etag or blob.etag, asked.version or blob.version
    return Fetched(
        asked,
        Subject(asked.source, asked.member, etag, version),
        data=blob.data,
        modified=blob.modified,
        size=len(blob.data),
        fetching=perf_counter() - start,
    )


def bare(error: ImageError) -> ImageError:
    """Without the frames that it came through. They hold the image's bytes, and of a shard all its
    bytes, for as long as the error is kept; and where they hold the error too, until Python looks
    for cycles, which may be thousands of images later.
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


class Decoder(NamedTuple):
    """Bytes to tensor, with the limits of one run."""

    contract: Contract
    settings: Settings
    budget: image.PixelBudget

    def decode(self, fetched: Fetched) -> Fetched:
        """Its bytes or pixels become its tensor; one that has none is passed on."""
        if fetched.data is None:
            return fetched
        start = perf_counter()
        try:
            fetched.tensor = self._tensor(fetched.data)
        except ImageError as error:
            fetched.error = bare(error)
        except MemoryError:
            fetched.error = PermanentError("too-large", "not enough memory to fit")
        fetched.data = None
        fetched.decoding = perf_counter() - start
        return fetched

    def _tensor(self, data: bytes | NDArray[np.uint8]) -> image.Tensor:
        if isinstance(data, np.ndarray):
            return image.fit_stored(data, self.contract)
        return image.decode_to_tensor(
            data,
            self.contract,
            budget=self.budget,
            max_pixels=self.settings.max_pixels,
            max_bytes=self.settings.max_bytes,
        )
