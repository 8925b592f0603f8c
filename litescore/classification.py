"""What a model says of one image: for Python, and drawn in a notebook.

It does not know how it was come by.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from litescore import image
from litescore.errors import ImageError
from litescore.markup import escaped

# Styles stand in the elements: a notebook shares its page with others. The colours suit light and
# dark.
_ROOM = "display:flex;gap:14px;align-items:center"
_PICTURE = "height:96px;image-rendering:pixelated;border-radius:4px"
_BAR = "display:inline-block;height:.7em;margin-right:6px;background:#3b7de0;border-radius:2px"


class Guess(NamedTuple):
    """A label and its probability 0..1."""

    label: str
    score: float


@dataclass(frozen=True, repr=False)
class Classification:
    """What became of one image.

    label, score   the best class and its probability 0..1; None for an image that failed
    top            the best few, best first, a tie going to the lowest index; of a multilabel model
                   every label that holds, which may be none
    probabilities  float32[classes], each 0..1, in the order of the model's labels; None for an
                   image that failed
    model          SHA-256 (hex) of the model file
    source         the path or URL that the image was read from; None for one that was in memory
    error          why there is no label: PermanentError (its `kind` and `reason` say more),
                   TransientError (worth another try); None for an image that was classified
    seen           uint8[height, width, 1 or 3], red first: what the model saw, made smaller where
                   it has more than 96 pixels a side; None for an image that failed

    Two are equal that say the same; `probabilities` and `seen` are not compared.
    """

    label: str | None
    score: float | None
    top: tuple[Guess, ...]
    probabilities: NDArray[np.float32] | None = field(compare=False)
    model: str
    source: str | None = None
    error: ImageError | None = None
    seen: NDArray[np.uint8] | None = field(default=None, compare=False)

    @classmethod
    def failed(cls, error: ImageError, *, model: str, source: str | None) -> Classification:
        """Of an image that could not be classified."""
        return cls(None, None, (), None, model, source, error)

    def __repr__(self) -> str:
        where = f", source={self.source!r}" if self.source is not None else ""
        if self.error is not None:
            return f"Classification(error={str(self.error)!r}{where})"
        return f"Classification(label={self.label!r}, score={self.score}{where})"

    def _repr_html_(self) -> str:
        """The picture that the model saw, and a bar for each of `top`."""
        picture = "" if self.seen is None else _image(self.seen)
        told = _refusal(self.error) if self.error is not None else _bars(self._drawn())
        where = f"<div>{escaped(self.source)}</div>" if self.source is not None else ""
        return f'<div style="{_ROOM}">{picture}<div>{told}{where}</div></div>'

    def _drawn(self) -> tuple[Guess, ...]:
        if self.top or self.label is None or self.score is None:
            return self.top
        return (Guess(self.label, self.score),)


def _image(seen: NDArray[np.uint8]) -> str:
    data = base64.b64encode(image.encode_png(seen)).decode()
    return f'<img alt="what the model saw" style="{_PICTURE}" src="data:image/png;base64,{data}">'


def _bars(guesses: Iterable[Guess]) -> str:
    rows = (
        f'<tr><td style="text-align:left">{escaped(label)}</td><td style="text-align:left">'
        f'<span style="{_BAR};width:{120 * score:.0f}px"></span>{score:.1%}</td></tr>'
        for label, score in guesses
    )
    return f'<table style="color:inherit">{"".join(rows)}</table>'


def _refusal(error: ImageError) -> str:
    return f"<div><strong>not classified</strong>: {escaped(str(error))}</div>"
