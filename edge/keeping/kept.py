"""What is kept of a frame: its picture and its record, each an object of its own.

    dt=2026-11-25/0123456789ab/<id>.jpg    the whole picture, before the contract's view
    dt=2026-11-25/0123456789ab/<id>.json   its record; `frame` says also the view and the rules

The id is the record's: written twice it is the same object, and devices that share a place meet
nowhere. The picture is written first: where there is a record, there is the picture.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from edge.frames import Still
from edge.scored import Scored
from litescore import image

_QUALITY = 95


@dataclass(frozen=True)
class Kept:
    """A frame to be written.

    name     of the picture, below the place: `dt=<date>/<device>/<id>.<suffix>`
    picture  an image file's bytes
    record   the record as JSON
    """

    name: str
    picture: bytes
    record: bytes

    @classmethod
    def of(cls, scored: Scored, rules: Sequence[str], form: str) -> Kept:
        """A scored frame that these rules wanted, as `form`, `jpeg` or `png`; an image file stays
        the bytes that it is.
        """
        suffix, picture = _picture(scored, form)
        record = scored.record
        frame = dict(record.frame or {})
        name = f"dt={record.at[:10]}/{frame['device']}/{record.id}.{suffix}"
        frame["view"] = scored.contract.view.to_json()
        frame["kept"] = {"rules": list(rules), "picture": name.rpartition("/")[2]}
        return cls(name, picture, record._replace(frame=frame).to_json().encode())

    def objects(self) -> Iterator[tuple[str, bytes]]:
        """Names below the place, and what is written there, in that order."""
        yield self.name, self.picture
        yield f"{self.name.rpartition('.')[0]}.json", self.record + b"\n"

    def pack(self) -> bytes:
        """Picture and record as one; with the name `unpack` makes a Kept of it again."""
        return self.record + b"\n" + self.picture

    @classmethod
    def unpack(cls, name: str, packed: bytes) -> Kept:
        record, _, picture = packed.partition(b"\n")
        return cls(name, picture, record)


def _picture(scored: Scored, form: str) -> tuple[str, bytes]:
    """Suffix and bytes."""
    pixels = scored.frame.pixels
    if isinstance(pixels, Still):
        with Image.open(io.BytesIO(pixels.data), formats=image.FORMATS) as opened:
            return str(opened.format).lower(), pixels.data
    assert isinstance(pixels, np.ndarray)  # none failed that has probabilities
    buffer = io.BytesIO()
    if form == "png":
        # The fastest: noise, which a camera gives, hardly gets smaller with more effort.
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
        return "png", buffer.getvalue()
    # Colours at their full resolution: they are what a model learns from.
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return "jpg", buffer.getvalue()
