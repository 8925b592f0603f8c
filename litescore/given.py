"""An image in whatever form Python holds it, on its way to the model.

Bytes and paths are read and decoded later, by threads; arrays and PIL images become tensors here. It
does not know of a model or of other images.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore import image
from litescore.contract import Contract
from litescore.errors import ImageError, PermanentError
from litescore.fetched import Fetched, bare
from litescore.record import Subject

Picture: TypeAlias = (
    bytes | bytearray | memoryview | str | os.PathLike[str] | NDArray[np.uint8] | Image.Image
)

_BYTES = (bytes, bytearray, memoryview)
_FORMS = (*_BYTES, str, os.PathLike, np.ndarray, Image.Image)
_WANTED = "give bytes, a path, a uint8 array or a PIL image"
# The source of what was in memory.
_MEMORY = Subject("")


def several(given: object) -> Iterable[Any] | None:
    """The images of an iterable of them; None for one image, right or wrong."""
    if isinstance(given, _FORMS) or _is_file(given) or not isinstance(given, Iterable):
        return None
    return given


def take(given: Any, contract: Contract, *, max_pixels: int) -> Fetched:
    """An image on its way: to be read, to be decoded, a tensor, or the ImageError that it is refused
    with.

    An array or PIL image is its tensor at once: its owner may change or close it once the next is
    asked for.
    """
    if isinstance(given, str | os.PathLike):
        return _named(given)
    if isinstance(given, _BYTES):
        data = bytes(given)
        return Fetched(_MEMORY, _MEMORY, data=data, size=len(data))
    try:
        return Fetched(_MEMORY, _MEMORY, tensor=_tensor(given, contract, max_pixels))
    except ImageError as error:
        return Fetched(_MEMORY, _MEMORY, error=bare(error))


def _named(path: str | os.PathLike[str]) -> Fetched:
    subject = Subject(str(path))
    if not isinstance(path, str) and subject.source.startswith("s3:/"):
        reason = f"a Path makes {subject.source} of an s3:// URL: give the URL as a str"
        return Fetched(subject, subject, error=PermanentError("unaddressable", reason))
    return Fetched(subject, subject)


def _tensor(given: Any, contract: Contract, max_pixels: int) -> image.Tensor:
    try:
        if isinstance(given, Image.Image):
            given = image.upright(given, max_pixels=max_pixels)
        elif not isinstance(given, np.ndarray):
            raise PermanentError("unsupported", _no_image(given))
        return image.fit(given, contract)
    except ValueError as error:
        raise PermanentError("unsupported", str(error)) from None
    except MemoryError:
        raise PermanentError("too-large", "not enough memory to fit") from None


def _is_file(given: object) -> bool:
    """An open file, which would be an iterable of its lines."""
    return hasattr(given, "read")


def _no_image(given: object) -> str:
    if _is_file(given):
        return f"an open file is no image: {_WANTED}, such as its read()"
    return f"{type(given).__name__} is no image: {_WANTED}"
