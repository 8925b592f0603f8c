"""A picture as a browser shows it, whatever format it is in, and what of it the model saw."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from litescore import image
from litescore.errors import PermanentError
from litescore.view import WHOLE, View

# Pixels each way that are shown; of a smaller picture all of them.
_MOST = 1600
# Up to so many pixels it is shown as they are: of tiny pictures JPEG would change what one sees.
_EXACT = 512 * 512

Fractions = tuple[float, float, float, float]  # left, top, width, height


@dataclass(frozen=True)
class Rendered:
    """An upright picture of at most 1,600 pixels each way, as PNG or JPEG.

    kind  its media type
    size  (width, height) that it had
    """

    data: bytes
    kind: str
    size: tuple[int, int]


def rendered(data: bytes) -> Rendered:
    """The encoded picture for a browser.

    Raises PermanentError for what is no picture, as scoring it does.
    """
    picture = image.decode(data)
    size = picture.size
    if picture.width * picture.height <= _EXACT:
        return Rendered(image.encode_png(picture), "image/png", size)
    picture.thumbnail((_MOST, _MOST), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return Rendered(buffer.getvalue(), "image/jpeg", size)


def seen(view: View | None, size: tuple[int, int]) -> Fractions | None:
    """The part of an upright picture of that size that the model saw, as fractions of it; None where
    it saw all of it, or where its record says nothing that fits.
    """
    if view is None or view.region is None:
        return None
    width, height = view.turned(size)
    try:
        left, top, right, bottom = view.box((width, height))
    except PermanentError:
        return None
    x, y = (left / width, right / width), (top / height, bottom / height)
    if view.mirror:
        x = (1 - x[1], 1 - x[0])
    x, y = _BACK[view.rotate](x, y)
    return x[0], y[0], x[1] - x[0], y[1] - y[0]


Span = tuple[float, float]
Turned = Callable[[Span, Span], tuple[Span, Span]]


def _other(span: Span) -> Span:
    return 1 - span[1], 1 - span[0]


# By how much the picture was turned clockwise -> where spans of the turned picture lie in it.
_BACK: dict[int, Turned] = {
    0: lambda x, y: (x, y),
    90: lambda x, y: (y, _other(x)),
    180: lambda x, y: (_other(x), _other(y)),
    270: lambda x, y: (_other(y), x),
}


def words(view: View | None) -> str | None:
    """What the model saw, where that was not the whole picture as it is."""
    return None if view is None or view == WHOLE else str(view)
