"""What is kept of each image once it was read: a few hundred bytes, and no pixels.

Knows how one image is read; nothing of what is wrong with many.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litescore import image
from litescore.dataset import Dataset
from litescore.errors import LitescoreError, MissingDependency
from trainer.audit.perceptual import color_of, hash_of

Size: TypeAlias = tuple[int, int]

# Images that are handed to the threads at once: many enough to keep them busy.
_AT_ONCE = 512
# Differences that no eye sees, and that JPEG leaves in a picture of one colour.
_BLANK = 2
_MODES = {
    "1": "gray",
    "L": "gray",
    "LA": "gray with alpha",
    "La": "gray with alpha",
    "RGB": "color",
    "YCbCr": "color",
    "RGBA": "color with alpha",
    "RGBa": "color with alpha",
    "P": "palette",
    "PA": "palette with alpha",
    "CMYK": "CMYK",
}
_LARGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """One image.

    content  SHA-256 of its file, or of its array
    size     (width, height) once upright
    mode     how its colours are stored, for people
    blank    all pixels are one colour
    pixels   equal for equal pixels, and seldom for others
    hash     uint8[32], see `trainer.audit.perceptual`
    color    mean red, green and blue
    """

    content: bytes
    size: Size
    mode: str
    blank: bool
    pixels: int
    hash: NDArray[np.uint8]
    color: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An image that cannot be used, and why."""

    reason: str


def look(data: Dataset, done: Callable[[], object] = lambda: None) -> Iterator[Seen | Unreadable]:
    """Each image of a data set, in order; on all cores, as decoding leaves Python's lock alone.

    `done` is called after each.
    """
    budget = image.PixelBudget()
    with ThreadPoolExecutor() as threads:
        for start in range(0, len(data), _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, len(data)))
            for one in threads.map(lambda number: _look_at(data, number, budget), numbers):
                done()
                yield one


def same_pixels(
    numbers: Sequence[int],
    seen: Sequence[Seen | Unreadable],
    place: Callable[[int], tuple[Dataset, int]],
) -> list[list[int]]:
    """Groups of two or more among images that seem equal: of one content without another look,
    else by all their pixels.
    """
    contents = {number: one.content for number in numbers if isinstance(one := seen[number], Seen)}
    if len(set(contents.values())) > 1:
        contents = {number: _digest(*place(number)) for number in numbers}
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number, content in contents.items():
        groups[content].append(number)
    return [group for group in groups.values() if len(group) > 1]


def _digest(data: Dataset, index: int) -> bytes:
    pixels = data.pixels(index)
    held = pixels.tobytes()
    return hashlib.sha256(f"{getattr(pixels, 'mode', '')}".encode() + held).digest()


def _look_at(data: Dataset, number: int, budget: image.PixelBudget) -> Seen | Unreadable:
    if data.holds_arrays:
        array = np.ascontiguousarray(data.pixels(number))
        picture = Image.fromarray(array if array.shape[-1:] != (1,) else array[:, :, 0])
        return _seen(picture, hashlib.sha256(array.data).digest(), picture.mode)
    try:
        content = data.content(number)
        mode, pixels = _header(content)
        # A damaged header may say anything: the decoder judges it.
        with budget.hold(pixels if _LARGE < pixels <= image.MAX_PIXELS else 0):
            return _seen(image.decode(content), hashlib.sha256(content).digest(), mode)
    except MissingDependency:
        raise  # It is this environment that lacks something, and no picture.
    except LitescoreError as error:
        return Unreadable(_reason(str(error), data.where(number)))


def _seen(picture: Image.Image, content: bytes, mode: str) -> Seen:
    return Seen(
        content,
        picture.size,
        _MODES.get(mode, "16-bit" if mode.startswith("I") else mode),
        is_blank(picture),
        zlib.crc32(picture.tobytes()),
        hash_of(picture),
        color_of(picture),
    )


def is_blank(picture: Image.Image) -> bool:
    """Whether all pixels of an L or RGB picture are one colour, but for what no eye sees."""
    extrema = picture.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(high - low <= _BLANK for low, high in bands)


def _header(content: bytes) -> tuple[str, int]:
    """Mode and pixels as the file says them; a broken one says nothing."""
    try:
        with Image.open(io.BytesIO(content), formats=image.FORMATS) as picture:
            return picture.mode, picture.width * picture.height
    except Exception:  # noqa: BLE001 - Pillow raises many; litescore.image tells the reason.
        return "", 0


def _reason(message: str, where: str) -> str:
    """What is wrong, without the name, which stands beside it."""
    words = message.removeprefix(f"cannot use {where}: ").removesuffix("; remove it or mend it")
    return " ".join(words.split())
